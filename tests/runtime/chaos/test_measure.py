"""What the chaos tests measure with."""

from runtime.chaos.scenario import executed_twice, seeded


def begin(job: str, worker: int, life: int) -> dict[str, object]:
    return {"what": "begin", "job": job, "worker": worker, "life": life}


def test_what_counts_as_executed_twice() -> None:
    dies: dict[str, object] = {"what": "worker-dies", "worker": 0, "life": 0}
    assert executed_twice([begin("a", 0, 0), begin("b", 1, 0)]) == []
    assert executed_twice([begin("a", 0, 0), dies, begin("a", 0, 1)]) == []
    assert len(executed_twice([begin("a", 0, 0), begin("a", 1, 0), dies])) == 1
    assert len(executed_twice([begin("a", 0, 1), dies, begin("a", 1, 0)])) == 1
    assert len(executed_twice([begin("a", 0, 0), dies, begin("a", 1, 0), begin("a", 1, 0)])) == 1


def test_a_seed_gives_the_same_deaths_again() -> None:
    assert seeded(7) == seeded(7)
    assert len({repr(seeded(seed)) for seed in range(50)}) == 50
