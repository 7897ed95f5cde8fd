"""Spreading work over processes: the same results in the same order, lazily, and no process is left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from itertools import count, islice
from multiprocessing import active_children
from pathlib import Path

import pytest

from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.files import Archive, Batch, Unreadable, spread, workers

HERE = os.getpid()

# What the workers run must travel, so it stands here; a batch's folder says in which process it is harmless.


def answer(chunk):
    return [(step.names if isinstance(step, Batch) else step) for step in chunk]


def answer_and_tell_who(chunk):
    return answer(chunk), os.getpid()


def die_elsewhere(chunk):
    if chunk[0].folder != str(os.getpid()):
        os._exit(3)
    return answer(chunk)


def fail_elsewhere(chunk):
    if chunk[0].folder != str(os.getpid()):
        raise UnknownModelError("claude-nine", ["claude-one"])
    return answer(chunk)


def sleep_on_z(chunk):
    if chunk[0].names == ["z"]:
        time.sleep(20)
        Path(chunk[0].folder, "slept to the end").touch()
    return answer(chunk)


def ends_on(number):
    return signal.getsignal(number) is signal.SIG_DFL


def members(archive):
    yield from (f"{archive.path}/{number}" for number in range(3))


def chunk(*names):
    return [Batch(str(HERE), list(names))]


def mixed(length):
    """Chunks of many sizes, some with what the walk could not enter, and archives here and there."""
    tasks = []
    for number in range(length):
        tasks.append(chunk(*(f"{number}-{name}" for name in range(number % 4 + 1))))
        if number % 5 == 1:
            tasks[-1].append(Unreadable(str(number), "missing", "because"))
        if number % 7 == 2:
            tasks.append(Archive(f"{number}.zip"))
    return tasks


@pytest.fixture
def eager(monkeypatch):
    """Workers start as soon as two chunks were seen, however fast they went."""
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e-12)


@pytest.fixture
def no_pool(monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(workers, "_pool", never)


@pytest.fixture
def pools(monkeypatch):
    """How many workers each pool was asked for."""
    started, pool = [], workers._pool

    def spy(jobs):
        started.append(jobs)
        return pool(jobs)

    monkeypatch.setattr(workers, "_pool", spy)
    return started


@pytest.fixture
def sleepers(tmp_path):
    """Chunks that keep a worker asleep; none of them must come to its end."""
    yield [[Batch(str(tmp_path), ["z"])]] * 8
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    # Workers that are forked take over what this process does on a signal, such as the command line's way to end.
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [2, 3])
def test_results_are_those_of_one_process_in_the_order_of_the_tasks(pools, jobs):
    tasks = mixed(40)
    expected = list(spread(tasks, answer, members, 1))
    assert pools == []
    assert list(spread(tasks, answer, members, jobs)) == expected
    assert pools == [jobs]
    assert [answer(task) for task in tasks if isinstance(task, list)] == [
        one for one in expected if isinstance(one, list)
    ]


@pytest.mark.usefixtures("eager")
def test_chunks_are_worked_on_elsewhere_and_archives_here_in_their_place():
    tasks = [*(chunk(str(number)) for number in range(12)), Archive("a.zip"), chunk("last"), Archive("b.zip")]
    results = list(spread(tasks, answer_and_tell_who, lambda archive: iter([archive.path, os.getpid()]), 2))
    assert results[12:14] == ["a.zip", HERE]
    assert results[15:] == ["b.zip", HERE]
    who = [process for _, process in (*results[:12], results[14])]
    assert who[0] == HERE
    assert HERE not in who[1:]
    assert [names for (names,), _ in results[:12]] == [[str(number)] for number in range(12)]


@pytest.mark.usefixtures("eager")
def test_an_archive_is_streamed_as_it_is_taken():
    tasks = [chunk("a"), chunk("b"), Archive("endless.zip"), chunk("c")]
    results = spread(tasks, answer, lambda _: count(), 2)
    assert list(islice(results, 5)) == [[["a"]], [["b"]], 0, 1, 2]
    results.close()


@pytest.mark.usefixtures("eager", "no_pool")
@pytest.mark.parametrize("jobs", [1, 0])
def test_one_job_starts_no_worker(jobs):
    tasks = mixed(40)
    assert len(list(spread(tasks, answer, members, jobs))) == 40 + 3 * sum(isinstance(task, Archive) for task in tasks)


@pytest.mark.usefixtures("no_pool")
def test_little_work_starts_no_worker(monkeypatch):
    # A clock that says a millisecond for each chunk: eight of them are far from worth a worker.
    ticks = count()
    monkeypatch.setattr(workers, "perf_counter", lambda: next(ticks) / 1000)
    assert list(spread(mixed(8), answer, members, 8)) == list(spread(mixed(8), answer, members, 1))


@pytest.mark.parametrize(("ahead", "pays"), [(9, False), (10, True), (500, True)])
def test_workers_start_if_enough_lies_ahead_at_the_pace_so_far(pools, monkeypatch, ahead, pays):
    # Three chunks of 0.05 s are 0.15 s alone; five more of them would be 0.25 s, and ten of half their files.
    ticks = count()
    monkeypatch.setattr(workers, "perf_counter", lambda: next(ticks) / 20)
    tasks = [*(chunk("a", "b") for _ in range(3)), Archive("x.zip"), *(chunk("c") for _ in range(ahead))]
    assert len(list(spread(tasks, answer, members, 2))) == 3 + 3 + ahead
    assert pools == ([2] if pays else [])


@pytest.mark.usefixtures("no_pool")
def test_what_lies_ahead_is_worked_on_here_and_in_order_where_it_is_too_little(monkeypatch):
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e12)
    tasks = mixed(40)
    assert list(spread(tasks, answer, members, 4)) == list(spread(tasks, answer, members, 1))


@pytest.mark.usefixtures("eager", "no_pool")
@pytest.mark.parametrize("tasks", [[], [Archive("a.zip")], [chunk("a")], [chunk("a"), Archive("a.zip")]])
def test_tasks_that_end_before_workers_could_start(tasks):
    assert list(spread(tasks, answer, members, 2)) == list(spread(tasks, answer, members, 1))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [1, 2])
def test_tasks_are_taken_a_few_ahead_of_the_results_and_no_more(jobs):
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield Archive("x.zip") if number % 10 == 9 else chunk(str(number))

    results = spread(endless(), answer, lambda archive: iter([[[archive.path]]]), jobs)
    for received in range(1, 200):
        next(results)
        assert len(taken) <= received + (workers.WINDOW * jobs + 1 if jobs > 1 else 0)
    results.close()


@pytest.mark.usefixtures("eager")
def test_closing_early_ends_the_workers_even_amid_their_work(sleepers):
    tasks = [chunk("a"), chunk("b"), *sleepers, *map(chunk, "cdefgh")]
    results = spread(iter(tasks), sleep_on_z, members, 2)
    assert [next(results), next(results)] == [[["a"]], [["b"]]]
    assert active_children()
    results.close()
    assert active_children() == []


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_whoever_takes_the_results_ends_the_workers(sleepers, error):
    tasks = [chunk("a"), chunk("b"), *sleepers, *sleepers]

    def take():
        for number, _ in enumerate(spread(tasks, sleep_on_z, members, 2)):
            if number == 1:
                assert active_children()
                raise error

    with pytest.raises(error):
        take()
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_an_error_in_an_archive_ends_the_workers(sleepers):
    def fail(archive):
        yield archive.path
        raise LookupError

    results = spread([chunk("a"), chunk("b"), Archive("x.zip"), *sleepers], sleep_on_z, fail, 2)
    assert list(islice(results, 3)) == [[["a"]], [["b"]], "x.zip"]
    with pytest.raises(LookupError):
        next(results)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_an_error_in_the_tasks_themselves_ends_the_workers():
    def tasks():
        yield from map(chunk, "abcd")
        raise LookupError

    with pytest.raises(LookupError):
        list(spread(tasks(), answer, members, 2))


@pytest.mark.usefixtures("eager")
def test_children_of_others_are_left_alone(sleepers):
    with workers._pool(1) as stranger:
        assert stranger.submit(os.getppid).result() == HERE
        results = spread([chunk("a"), chunk("b"), *sleepers], sleep_on_z, members, 2)
        assert list(islice(results, 2)) == [[["a"]], [["b"]]]
        assert len(active_children()) > 1
        results.close()
        assert len(active_children()) == 1
        assert stranger.submit(os.getppid).result() == HERE


@pytest.mark.usefixtures("eager")
def test_a_worker_that_is_killed_ends_the_scan_with_advice():
    results = spread([chunk("a"), *(chunk("b") for _ in range(30))], die_elsewhere, members, 2)
    assert next(results) == [["a"]]
    with pytest.raises(ImgcostError, match=r"ended from outside.*try again with --jobs 1"):
        list(results)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_an_error_inside_the_work_comes_out_as_it_is():
    results = spread([chunk("a"), *(chunk("b") for _ in range(30))], fail_elsewhere, members, 2)
    assert next(results) == [["a"]]
    with pytest.raises(UnknownModelError, match="claude-nine") as caught:
        list(results)
    assert caught.value.suggestions == ("claude-one",)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_beside_threads_workers_are_spawned_and_give_the_same_results():
    tasks = mixed(12)
    expected = list(spread(tasks, answer, members, 1))
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert workers._context().get_start_method() == "spawn"
        assert list(spread(tasks, answer, members, 2)) == expected
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(("platform", "method"), [("linux", "fork"), ("darwin", "spawn"), ("win32", "spawn")])
def test_workers_are_forked_on_linux_alone(monkeypatch, platform, method):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr("multiprocessing.get_context", str)
    assert workers._context() == method


@pytest.mark.parametrize(
    ("inherited", "then"),
    [(signal.default_int_handler, signal.SIG_DFL), (signal.SIG_IGN, signal.SIG_IGN)],
)
def test_ctrl_c_ends_a_worker_without_a_word_unless_it_was_ignored_from_the_start(inherited, then):
    before = signal.signal(signal.SIGINT, inherited)
    try:
        workers._let_signals_end_me()
        assert signal.getsignal(signal.SIGINT) is then
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(
            signal.SIGTERM,
        ),
    ],
)
def test_a_worker_ends_at_once_on_a_signal_whatever_its_parent_does_on_it(number):
    before = signal.signal(number, lambda *_: sys.exit(1))
    try:
        with workers._pool(1) as pool:
            assert pool.submit(ends_on, number).result()
    finally:
        signal.signal(number, before)
