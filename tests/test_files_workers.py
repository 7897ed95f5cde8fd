"""Distributing work over processes: the same results in the same order, lazily, and no process is left running."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import count, islice
from multiprocessing import active_children, current_process
from pathlib import Path

import pytest

from imgcost.errors import ImgcostError, UnknownModelError
from imgcost.files import Archive, FileBatch, Unreadable, spread, workers

pytestmark = pytest.mark.slow  # processes that are signaled

HERE = os.getpid()

# Functions for workers must be picklable, so they are defined at module level. The folder of a batch is the id of the
# process in which they are harmless.


def answer(chunk):
    return [(step.names if isinstance(step, FileBatch) else step) for step in chunk]


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


def members(archive):
    yield from (f"{archive.path}/{number}" for number in range(3))


def chunk(*names):
    return [FileBatch(str(HERE), list(names))]


def mixed(length):
    """Chunks of many sizes, some with problems of the walk, and a few archives."""
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
    """Start workers after two chunks, however fast they were."""
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e-12)


@pytest.fixture
def no_pool(monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(workers, "_pool", never)


@pytest.fixture
def pools(monkeypatch):
    """Record the number of workers of each pool."""
    started, pool = [], workers._pool

    def spy(work, jobs, method):
        started.append(jobs)
        return pool(work, jobs, method)

    monkeypatch.setattr(workers, "_pool", spy)
    return started


@pytest.fixture
def sleepers(tmp_path):
    """Chunks that make a worker sleep longer than any test."""
    yield [[FileBatch(str(tmp_path), ["z"])]] * 8
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    # Forked workers inherit signal handlers, such as those of the command line.
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [2, 3])
def test_results_equal_those_of_one_process_in_order(pools, jobs):
    tasks = mixed(40)
    expected = list(spread(tasks, answer, members, 1))
    assert pools == []
    assert list(spread(tasks, answer, members, jobs)) == expected
    assert pools == [jobs]
    assert [answer(task) for task in tasks if isinstance(task, list)] == [
        item for item in expected if isinstance(item, list)
    ]


@pytest.mark.usefixtures("eager")
def test_workers_read_chunks_and_this_process_reads_archives_in_order():
    tasks = [*(chunk(str(number)) for number in range(12)), Archive("a.zip"), chunk("last"), Archive("b.zip")]
    results = list(spread(tasks, answer_and_tell_who, lambda archive: iter([archive.path, os.getpid()]), 2))
    assert results[12:14] == ["a.zip", HERE]
    assert results[15:] == ["b.zip", HERE]
    who = [process for _, process in (*results[:12], results[14])]
    assert who[0] == HERE
    assert HERE not in who[1:]
    assert [names for (names,), _ in results[:12]] == [[str(number)] for number in range(12)]


@pytest.mark.usefixtures("eager")
def test_an_archive_is_streamed_lazily():
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
    # At 1 ms per chunk, eight chunks do not justify a worker.
    ticks = count()
    monkeypatch.setattr(workers, "perf_counter", lambda: next(ticks) / 1000)
    assert list(spread(mixed(8), answer, members, 8)) == list(spread(mixed(8), answer, members, 1))


@pytest.mark.parametrize(("ahead", "pays"), [(9, False), (10, True), (500, True)])
def test_workers_start_if_the_estimated_remaining_time_is_long_enough(pools, monkeypatch, ahead, pays):
    # Three chunks take 0.15 s here; five more would take 0.25 s, as would ten with half the files.
    ticks = count()
    monkeypatch.setattr(workers, "perf_counter", lambda: next(ticks) / 20)
    tasks = [*(chunk("a", "b") for _ in range(3)), Archive("x.zip"), *(chunk("c") for _ in range(ahead))]
    assert len(list(spread(tasks, answer, members, 2))) == 3 + 3 + ahead
    assert pools == ([2] if pays else [])


@pytest.mark.usefixtures("no_pool")
def test_a_short_remainder_is_processed_here_in_order(monkeypatch):
    monkeypatch.setattr(workers, "ALONE_SECONDS", 1e-12)
    monkeypatch.setattr(workers, "AHEAD_SECONDS", 1e12)
    tasks = mixed(40)
    assert list(spread(tasks, answer, members, 4)) == list(spread(tasks, answer, members, 1))


@pytest.mark.usefixtures("eager", "no_pool")
@pytest.mark.parametrize("tasks", [[], [Archive("a.zip")], [chunk("a")], [chunk("a"), Archive("a.zip")]])
def test_tasks_may_end_before_workers_start(tasks):
    assert list(spread(tasks, answer, members, 2)) == list(spread(tasks, answer, members, 1))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("jobs", [1, 2])
def test_only_a_few_tasks_are_taken_ahead_of_the_results(jobs):
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
def test_closing_early_ends_busy_workers(sleepers):
    tasks = [chunk("a"), chunk("b"), *sleepers, *map(chunk, "cdefgh")]
    results = spread(iter(tasks), sleep_on_z, members, 2)
    assert [next(results), next(results)] == [[["a"]], [["b"]]]
    assert active_children()
    results.close()
    assert active_children() == []


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_consumer_ends_the_workers(sleepers, error):
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
def test_an_error_in_the_task_iterator_ends_the_workers():
    def tasks():
        yield from map(chunk, "abcd")
        raise LookupError

    with pytest.raises(LookupError):
        list(spread(tasks(), answer, members, 2))


@pytest.mark.usefixtures("eager")
def test_child_processes_of_the_caller_are_left_alone(sleepers):
    with workers._pool(answer, 1, "fork") as stranger:
        pending = stranger.submit(chunk("x"))
        results = spread([chunk("a"), chunk("b"), *sleepers], sleep_on_z, members, 2)
        assert list(islice(results, 2)) == [[["a"]], [["b"]]]
        assert len(active_children()) > 1
        results.close()
        assert len(active_children()) == 1
        assert stranger.result(pending) == [["x"]]


@pytest.mark.usefixtures("eager")
def test_a_killed_worker_ends_the_scan_with_advice():
    results = spread([chunk("a"), *(chunk("b") for _ in range(30))], die_elsewhere, members, 2)
    assert next(results) == [["a"]]
    message = "^a worker process was killed, possibly by the out-of-memory killer: try again with --jobs 1$"
    with pytest.raises(ImgcostError, match=message):
        list(results)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_an_error_in_a_worker_is_raised_unchanged():
    results = spread([chunk("a"), *(chunk("b") for _ in range(30))], fail_elsewhere, members, 2)
    assert next(results) == [["a"]]
    with pytest.raises(UnknownModelError, match="claude-nine") as caught:
        list(results)
    assert caught.value.suggestions == ("claude-one",)
    assert active_children() == []


@pytest.mark.usefixtures("eager")
def test_with_other_threads_workers_are_spawned_if_allowed(pools):
    tasks = mixed(12)
    expected = list(spread(tasks, answer, members, 1))
    done = threading.Event()
    thread = threading.Thread(target=done.wait, args=(60,))
    thread.start()
    try:
        assert workers._start_method(spawn=True) == "spawn"
        assert list(spread(tasks, answer, members, 2, spawn=True)) == expected
        assert pools == [2]
        assert workers._start_method(spawn=False) is None
        assert list(spread(tasks, answer, members, 2)) == expected
        assert pools == [2]
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("platform", "spawn", "method"),
    [("linux", False, "fork"), ("linux", True, "fork"), ("darwin", True, "spawn"), ("win32", True, "spawn"),
     ("darwin", False, None), ("win32", False, None)],
)  # fmt: skip
def test_workers_are_forked_only_on_linux(monkeypatch, platform, spawn, method):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert workers._start_method(spawn=spawn) == method


def test_a_worker_process_of_the_caller_starts_no_workers(monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setitem(current_process()._config, "daemon", True)  # noqa: FBT003 - a dictionary
    assert workers._start_method(spawn=True) is None


# Workers


def dispositions(_chunk):
    return [signal.getsignal(number) for number in workers.TERMINATING], os.fstat(1).st_rdev


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_DFL, lambda *_: sys.exit(1)])
def test_a_worker_ends_on_a_signal_despite_handlers_of_its_parent_and_has_no_stdout(handler):
    before = {number: signal.signal(number, handler) for number in workers.TERMINATING}
    try:
        with workers._pool(dispositions, 1, "fork") as pool:
            handlers, stdout = pool.result(pool.submit(chunk("a")))
        assert handlers == [signal.SIG_DFL] * len(workers.TERMINATING)
        assert stdout == Path(os.devnull).stat().st_rdev
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no nohup")
def test_a_worker_ignores_the_signals_that_its_parent_ignores():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with workers._pool(dispositions, 1, "fork") as pool:
            handlers, _ = pool.result(pool.submit(chunk("a")))
        assert handlers[workers.TERMINATING.index(signal.SIGHUP)] == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process there")
@pytest.mark.parametrize("number", workers.TERMINATING)
@pytest.mark.parametrize("taken_by", ["this thread", "another thread"])
def test_a_signal_during_the_start_of_workers_is_not_lost_and_leaves_no_worker(monkeypatch, number, taken_by):
    """A signal that arrives during the forks is handled after them, even if a library's thread receives it."""

    def handler(*_):
        raise KeyboardInterrupt

    start, started = workers._Worker.__init__, []

    def interrupted(*args):
        os.kill(os.getpid(), number)
        time.sleep(0.02)
        start(*args)
        started.append(args)

    monkeypatch.setattr(workers._Worker, "__init__", interrupted)
    before = signal.signal(number, handler)
    if taken_by == "another thread":
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        done = threading.Event()
        thread = threading.Thread(target=done.wait, args=(60,))
        thread.start()
        signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        with pytest.raises(KeyboardInterrupt), workers._pool(answer, 2, "fork"):
            pass
        assert len(started) == 2
        assert active_children() == []
        assert signal.getsignal(number) is handler
    finally:
        if taken_by == "another thread":
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            done.set()
            thread.join()
        signal.signal(number, before)


def test_only_the_main_thread_changes_signals():
    handlers, before = [], [signal.getsignal(number) for number in workers.TERMINATING]

    def look():
        with workers._signals_deferred():
            handlers.extend(signal.getsignal(number) for number in workers.TERMINATING)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(10)
    assert handlers == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is not available")
@pytest.mark.usefixtures("eager")
def test_a_fork_of_the_caller_does_not_end_the_workers_of_its_parent():
    results = spread([chunk("a"), chunk("b"), *(chunk("c") for _ in range(20))], answer, members, 2)
    first = list(islice(results, 2))
    child = os.fork()
    if not child:
        results.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert [*first, *results] == [[["a"]], [["b"]], *[[["c"]]] * 20]


def test_a_fork_that_ends_with_an_error_ends_no_worker(monkeypatch):
    pools = []

    def fail(patch):
        with workers._pool(answer, 1, "fork") as pool:
            pools.append(pool)
            patch.setattr(os, "getpid", lambda: HERE + 1)
            raise LookupError

    with monkeypatch.context() as patch, pytest.raises(LookupError):
        fail(patch)
    assert len(active_children()) == 1
    pools[0].end()
    assert active_children() == []


class Pipe:
    """One end of a pipe that receives nothing, data, or the end of the stream."""

    def __init__(self, *comes):
        self.comes = list(comes)

    def poll(self, _seconds):
        if not self.comes[0]:
            return bool(self.comes.pop(0))
        return True

    def recv(self):
        item = self.comes.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


@pytest.mark.parametrize("comes", [["task", EOFError()], ["task", ConnectionResetError()], [None, "task", None, None]])
def test_a_worker_ends_when_its_parent_has_ended(monkeypatch, comes):
    parents = iter([HERE, HERE + 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", sys.exit)
    tasks = queue.SimpleQueue()
    with pytest.raises(SystemExit) as caught:
        workers._listen(Pipe(*comes), tasks, HERE)
    assert caught.value.code == 1
    assert tasks.get_nowait() == "task"
    assert tasks.empty()


def test_an_error_in_a_worker_shows_its_traceback():
    is_result, error = workers._answer(fail_elsewhere, [FileBatch("elsewhere", ["a"])])
    assert not is_result
    assert "in fail_elsewhere" in error.__notes__[0]


def test_a_worker_that_has_already_ended_can_be_shut_down():
    with workers._pool(answer, 1, "fork") as pool:
        pool.workers[0].process.kill()
        pool.workers[0].process.join()
    assert active_children() == []


def test_a_chunk_for_a_worker_that_was_killed_is_an_error():
    def give():
        with workers._pool(answer, 1, "fork") as pool:
            pool.workers[0].process.kill()
            pool.workers[0].process.join()
            pool.submit(chunk("a"))

    with pytest.raises(ImgcostError, match="was killed"):
        give()


ORPHANS = """
import os, signal, sys, time
from imgcost.files import FileBatch, workers

workers.ALONE_SECONDS = workers.AHEAD_SECONDS = 0

def work(chunk):
    print(os.getpid(), file=sys.stderr, flush=True)
    if chunk[0].names != ["0"]:
        time.sleep(60)

for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
if sys.argv[1] == "early":  # before the worker can look up its parent
    def start(*args, before=workers._Worker.__init__):
        before(*args)
        print("0\\n0\\n0", file=sys.stderr, flush=True)
        os.kill(os.getpid(), int(sys.argv[2]))
    workers._prepare = lambda before=workers._prepare: (time.sleep(0.5), before())
    workers._Worker.__init__ = start
if sys.argv[1] == "inherited":  # by an unrelated process
    def start(*args, before=workers._Worker.__init__):
        before(*args)
        if not os.fork():
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            time.sleep(5)
            os._exit(0)
    workers._Worker.__init__ = start
list(workers.spread([[FileBatch("", [str(number)])] for number in range(10)], work, None, 2))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP", "SIGQUIT"])
@pytest.mark.parametrize("case", ["free", "inherited"])
def test_workers_end_with_their_parent_and_do_not_keep_stdout_open(name, case, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", ORPHANS, case], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        here, *elsewhere = [int(process.stderr.readline()) for _ in range(3)]
        assert here == process.pid
        process.send_signal(signal.Signals[name])
        assert process.communicate(timeout=4) == ("", "")
        for worker in elsewhere:
            for _ in range(100):
                if not alive(worker):
                    break
                time.sleep(0.02)
            assert not alive(worker)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_a_worker_ends_if_its_parent_ended_before_it_started():
    code = [sys.executable, "-c", ORPHANS, "early", str(int(signal.SIGKILL))]
    with subprocess.Popen(code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            out, _ = process.communicate(timeout=10)
            assert (process.returncode, out) == (-signal.SIGKILL, b"")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
