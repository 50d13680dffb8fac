"""docker-compose.yml: valid, pinned, closed, and in step with .env.example, the catalog, the images and the guide."""

import json
import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from deployment import COMPOSE_FILE, ROOT, arguments, compose, env_example, instructions

from reelc_compiler.catalog import load_catalog

COMPOSE = compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
PULLED = {name: service for name, service in SERVICES.items() if "build" not in service}
# The one service that others than this machine may reach.
PUBLIC = "proxy"


def dockerfile(service: dict[str, Any]) -> Path:
    return ROOT / service["build"]["context"] / service["build"]["dockerfile"]


# -- the specification -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    """The compose specification's own JSON Schema, as check-jsonschema carries it."""
    file = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    read = json.loads(file.read_text("utf-8"))
    assert read["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$schema"]
    return jsonschema.Draft202012Validator(read)


def test_it_follows_the_specification(schema: jsonschema.Draft202012Validator) -> None:
    assert [f"{error.json_path}: {error.message}" for error in schema.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [
        ("master", "comand", ["sleep"]),
        ("master", "read_only", {"yes": True}),
        ("postgres", "ports", [{"target": 5432, "publish": "5432"}]),
        ("comfyui-gpu", "deploy", {"resources": {"reservations": {"devices": [{"driver": "nvidia"}]}}}),
    ],
)
def test_the_schema_finds_mistakes(
    schema: jsonschema.Draft202012Validator, service: str, key: str, value: object
) -> None:
    broken = compose()
    broken["services"][service][key] = value
    assert not schema.is_valid(broken)


# -- variables -------------------------------------------------------------------------------


def variables() -> set[str]:
    """All variables that compose takes from the environment: in values, and as names without a value."""
    named = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", re.sub(r"#.*", "", COMPOSE_FILE.read_text("utf-8"))))
    for service in SERVICES.values():
        for mapping in (service.get("environment", {}), service.get("build", {}).get("args", {})):
            named |= {name for name, value in mapping.items() if value is None}
    return named | {secret["environment"] for secret in COMPOSE["secrets"].values()}


def test_every_variable_is_in_the_example() -> None:
    assert sorted(variables() - set(env_example())) == []


def test_the_example_has_no_other_variables() -> None:
    # Compose itself reads this one.
    assert sorted(set(env_example()) - variables()) == ["COMPOSE_PROFILES"]


def test_the_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_defaults_in_the_example_are_the_real_ones() -> None:
    example = env_example()
    real = dict(re.findall(r"\$\{([A-Z][A-Z0-9_]*):-([^}]+)\}", COMPOSE_FILE.read_text("utf-8")))
    for service in BUILT.values():
        defaults = arguments(dockerfile(service)).items()
        real |= {name: default for name, default in defaults if default and name in example}
    assert {"REELC_WORKER", "REELC_PROJECTS", "REELC_UID", "DEBIAN_IMAGE", "CADDY_IMAGE", "POSTGRES_IMAGE"} <= set(real)
    assert {name: example[name] for name in real} == real


def test_no_secret_has_a_default() -> None:
    example = env_example()
    secret = [name for name in variables() if re.search("PASSWORD|TOKEN|HEADERS|USER", name)]
    assert {"REELC_DB_PASSWORD", "REELC_UI_PASSWORD_HASH", "REELC_UI_USER", "REELC_WORKER_TOKEN"} <= set(secret)
    assert {example[name].strip("'") for name in secret} == {""}
    assert not re.search(r"\$\{[A-Z_]*(PASSWORD|TOKEN|USER)[A-Z_]*:-", COMPOSE_FILE.read_text("utf-8"))


# -- what is pinned --------------------------------------------------------------------------

# A tag that names a version or a date: `latest`, `trixie-slim` and `18` move.
PINNED = re.compile(r"[a-z0-9./-]+:[a-z-]*(\d+\.\d+|\d{8})[\w.-]*(@sha256:[0-9a-f]{64})?")


@pytest.mark.parametrize("name", PULLED)
def test_pulled_images_are_pinned(name: str) -> None:
    image = re.fullmatch(r"\$\{[A-Z_]+:-(.+)\}", SERVICES[name]["image"])
    assert image is not None
    assert PINNED.fullmatch(image[1])


@pytest.mark.parametrize("name", BUILT)
def test_base_images_are_pinned(name: str) -> None:
    file = dockerfile(SERVICES[name])
    defaults, stages = arguments(file), set[str]()
    bases = [one.arguments.split() for one in instructions(file) if one.name == "FROM"]
    assert bases
    for base, *rest in bases:
        variable = re.fullmatch(r"\$\{([A-Z_]+)\}", base)
        image = defaults[variable[1]] if variable else base
        assert image is not None
        assert image in stages or PINNED.fullmatch(image)
        stages |= {rest[1]} if rest else set()


@pytest.mark.parametrize("tag", ["debian:latest", "debian", "debian:trixie-slim", "postgres:18", "caddy:alpine"])
def test_moving_tags_are_found(tag: str) -> None:
    assert not PINNED.fullmatch(tag)


def test_what_the_image_installs_is_at_the_commits_of_the_catalog() -> None:
    pinned = {
        "COMFYUI_COMMIT": "core",
        "COGVIDEOX_COMMIT": "ComfyUI-CogVideoXWrapper",
        "FRAME_INTERPOLATION_COMMIT": "ComfyUI-Frame-Interpolation",
        "KJNODES_COMMIT": "ComfyUI-KJNodes",
        "VIDEOHELPERSUITE_COMMIT": "ComfyUI-VideoHelperSuite",
    }
    packs = load_catalog().packs
    for name in ("comfyui-cpu", "comfyui-gpu"):
        args = SERVICES[name]["build"]["args"]
        assert {key: value for key, value in args.items() if key.endswith("_COMMIT")} == {
            key: packs[pack].commit for key, pack in pinned.items()
        }
    fetched = re.findall(
        r'fetch-commit "\${GIT_SERVER}/([^"]+)" "\${(\w+)}"',
        (ROOT / "docker" / "comfyui.Dockerfile").read_text("utf-8"),
    )
    assert sorted(fetched) == sorted((str(packs[pack].repo), key) for key, pack in pinned.items())


# -- who can reach what, and who may do what -------------------------------------------------


def test_only_the_proxy_is_published_to_others() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"comfyui-cpu", "comfyui-gpu", PUBLIC}
    assert published.pop(PUBLIC) == ["80:80", "443:443"]
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not any("network_mode" in service for service in SERVICES.values())


def test_the_proxy_needs_a_login_and_reaches_only_comfyui() -> None:
    proxy = SERVICES[PUBLIC]
    asked = {COMPOSE["secrets"][name]["environment"] for name in proxy["secrets"]}
    assert asked == {"REELC_UI_DOMAIN", "REELC_UI_USER", "REELC_UI_PASSWORD_HASH"}
    assert asked <= set(proxy["environment"])
    beside = {name for name, service in SERVICES.items() if "web" in service.get("networks", ["default"])}
    assert proxy["networks"] == ["web"]
    assert beside == {PUBLIC, "comfyui-cpu", "comfyui-gpu"}


def test_the_database_needs_a_password() -> None:
    postgres = SERVICES["postgres"]
    assert {COMPOSE["secrets"][name]["environment"] for name in postgres["secrets"]} == {"REELC_DB_PASSWORD"}
    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{postgres['secrets'][0]}"
    assert "${REELC_DB_PASSWORD:?" in env_example()["REELC_DB"]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_may_more_than_needed(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode"} & set(service)
    # Compose copies secrets from the environment into the container, so these two cannot be read-only.
    assert service["read_only"] is (name not in (PUBLIC, "postgres"))
    assert not [v for v in service["volumes"] if "docker.sock" in str(v)]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root(name: str) -> None:
    service = SERVICES[name]
    if name in PULLED:
        assert service["user"] not in ("", "0", "root")
        return
    assert "user" not in service
    last = [one.arguments for one in instructions(dockerfile(service)) if one.name == "USER"][-1]
    assert last == "${REELC_UID}:${REELC_GID}"
    defaults = arguments(dockerfile(service))
    assert (defaults["REELC_UID"], defaults["REELC_GID"]) == ("1000", "1000")


# -- how the parts fit together --------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT)
def test_arguments_are_those_of_the_dockerfile(name: str) -> None:
    given: dict[str, object] = SERVICES[name]["build"]["args"]
    declared = arguments(dockerfile(SERVICES[name]))
    assert set(given) <= set(declared)
    assert {key for key, default in declared.items() if default is None} <= set(given)


def test_both_comfyui_differ_in_the_gpu_alone() -> None:
    cpu, gpu = dict(SERVICES["comfyui-cpu"]), dict(SERVICES["comfyui-gpu"])
    (device,) = gpu.pop("deploy")["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert cpu.pop("command").split() == [*gpu["command"].split()[:-1], "--cpu", gpu.pop("command").split()[-1]]
    indexes = [service["build"]["args"].pop("TORCH_INDEX").rsplit("/", 1)[1] for service in (cpu, gpu)]
    assert indexes == ["cpu", "cu130"]
    assert (cpu.pop("profiles"), gpu.pop("profiles")) == (["cpu"], ["gpu"])
    assert cpu == gpu


def test_the_master_finds_comfyui_and_its_state() -> None:
    master = SERVICES["master"]
    aliases = SERVICES["comfyui-cpu"]["networks"]["default"]["aliases"]
    assert master["environment"]["REELC_WORKER"] == f"${{REELC_WORKER:-http://{aliases[0]}:8188}}"
    assert f"state:{master['environment']['REELC_STATE']}" in master["volumes"]
    assert master["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}


def test_volumes_lie_over_folders_of_the_user() -> None:
    """A new volume takes its owner from the image's folder; without one it would be root's."""
    used: set[str] = set()
    for service in SERVICES.values():
        named = [v.split(":") for v in service["volumes"] if isinstance(v, str)]
        used |= {name for name, _ in named}
        if "build" in service:
            runs = [one.arguments for one in instructions(dockerfile(service)) if one.name == "RUN"]
            owned = " ".join(text for text in runs if re.search(r"chown|install --directory --owner", text))
            for _, target in named:
                names = f"{re.escape(target)}|{re.escape(Path(target).name)}"
                assert re.search(rf"(?<![\w-])(?:{names})(?![\w-])", owned), target
    assert used == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_watched(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period", "start_interval"} <= set(check)


def test_profiles_are_described() -> None:
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"comfyui-cpu": ["cpu"], "comfyui-gpu": ["gpu"], "proxy": ["public"], "postgres": ["postgres"]}
    guide = (ROOT / "docs" / "master.md").read_text("utf-8")
    described = dict(re.findall(r"^\| `(\w+)` \| `([\w-]+)` \|", guide, re.MULTILINE))
    assert described == {profile: name for name, (profile,) in profiles.items()}
    assert set(re.findall(r"--profile (\w+)", COMPOSE_FILE.read_text("utf-8"))) == set(described)


def test_commands_in_the_guide_name_what_there_is() -> None:
    guide = (ROOT / "docs" / "master.md").read_text("utf-8")
    verbs = "exec|logs|restart|up -d|stop|rm"
    named = set(
        re.findall(rf"docker compose (?:--profile \w+ )*(?:{verbs}) +(?:-[a-z] (?:/\S+ )?)*([a-z][\w-]*)", guide)
    )
    assert "master" in named
    assert named <= set(SERVICES)
    assert set(re.findall(r"\breelc_(\w+)\b", guide)) <= set(COMPOSE["volumes"])
    in_env = set(re.findall(r"`((?:REELC|COMFYUI|COMPOSE|DEBIAN|CADDY|POSTGRES)_[A-Z_]+)`", guide))
    assert in_env <= set(env_example())


# -- compose itself, where it is -------------------------------------------------------------


def compose_command() -> list[str]:
    """`docker compose` or `docker-compose`, version 2 or later; no engine is needed to read a file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
        if done.returncode == 0 and re.match(r"v?([2-9]|\d\d)", done.stdout):
            return command
    pytest.skip("no docker compose on this machine")


def config(env: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "env").write_text(env, "utf-8")
    surroundings = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    command = [*compose_command(), "--env-file", str(folder / "env"), "-f", str(COMPOSE_FILE), *options]
    return subprocess.run([*command, "config", "--format", "json"], capture_output=True, text=True, env=surroundings)


def test_compose_takes_it_without_settings(tmp_path: Path) -> None:
    done = config("", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(json.loads(done.stdout)["services"]) == ["master"]
    everything = config("", tmp_path, "--profile", "*")
    assert (everything.returncode, everything.stderr) == (0, "")
    services = json.loads(everything.stdout)["services"]
    assert set(services) == set(SERVICES)
    assert not {"REELC_DB", "REELC_WORKER_TOKEN"} & {
        key for key, value in services["master"]["environment"].items() if value is not None
    }


def test_compose_builds_the_address_of_the_database(tmp_path: Path) -> None:
    url = f"REELC_DB={env_example()['REELC_DB']}\n"
    done = config("REELC_DB_PASSWORD=abc\n" + url, tmp_path)
    assert json.loads(done.stdout)["services"]["master"]["environment"]["REELC_DB"] == (
        "postgresql://reelc:abc@postgres:5432/reelc"
    )
    refused = config(url, tmp_path)
    assert refused.returncode != 0
    assert "REELC_DB_PASSWORD" in refused.stderr
