"""Why the jobs of a plan are jobs of their own: what each hands over, and what it starts from."""

from collections.abc import Iterator, Mapping

from reelc_compiler.facts import BLEND, WINDOW
from reelc_compiler.plan import Artifact, Job, Plan

# What is handed over by the language itself, and not because a stage samples: what is kept, by its kind.
_ENDS: Mapping[str, str] = {
    "clip": "keeps the frames of a clip that are mixed with those of another",
    "image": "keeps the frame of a segment from which the next one starts",
}


def reasons(plan: Plan, job: Job) -> Iterator[str]:
    """Sentences on a job, in the order in which they matter."""
    films = {artifact: output for output in plan.outputs for artifact in output.made_of}
    makers = {artifact.id: other.id for other in plan.jobs for artifact in other.artifacts_out}
    stages = {region.stage for region in job.regions}
    told: set[str] = set()
    for artifact in job.artifacts_out:
        said = _kept(artifact) if artifact.id not in films else _part(artifact, stages)
        if said not in told:
            told.add(said)
            yield said
    for save in job.saves:
        yield f"the node {save.class_type} saves the output `{save.name}`; nothing is cut between nodes of your own"
    before = dict.fromkeys(makers[artifact.id] for artifact in job.artifacts_in)
    if before:
        yield f"starts from what {', '.join(before)} kept"


def _kept(artifact: Artifact) -> str:
    if not artifact.names:
        return _ENDS[artifact.facts.kind]
    return f"keeps what {artifact.names[-1]} makes, so that a change of what follows repeats none of it"


def _part(artifact: Artifact, stages: set[str]) -> str:
    if artifact.facts.seconds is not None:
        return "keeps a film's sound, which is put in when the film is assembled"
    if "crossfade" in stages:
        return "mixes and encodes the frames where two clips meet, so that neither waits for the other"
    if BLEND in stages:
        return "mixes the frames that two windows share, and encodes them with what follows"
    if WINDOW in stages:
        return "makes and encodes one window of a clip that would take too much memory at once"
    return "encodes its part of the film by itself; parts are joined without encoding again"
