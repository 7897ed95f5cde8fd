"""Object stores: what is read of them, in which order, with which errors."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
from urllib.error import URLError

import pytest
from command_line import printed, refused, unwrapped
from conftest import SAMPLES
from object_server import BUCKET, object_server
from pictures import encoded

import imgcost
from imgcost.errors import ArgumentError, ImgcostError, MissingExtraError, MissingPackageError
from imgcost.files import Image, Transfer, Unreadable, Walk
from imgcost.files.header_cache import HeaderCache
from imgcost.files.stores import access, cloud, drivers, probing, scanning, web
from imgcost.files.stores.access import StoredObject, StoreError, StoreSettings
from imgcost.files.stores.scanning import scan_urls
from imgcost.files.stores.threads import Threads
from imgcost.files.stores.urls import Stores

PNG = encoded("PNG", 640, 480)
LONG = PNG + b"x" * 20_000
ROOT = f"s3://{BUCKET}"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(probing, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(probing, "MAX_DELAY", 0.02)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "AWS_PROFILE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with object_server() as server:
        yield server


@pytest.fixture
def environment(server, monkeypatch):
    """The server as the S3 of the environment."""
    for name, value in server.options:
        monkeypatch.setenv(f"AWS_{name.upper()}", value)
    return server


def scanned(server, *urls, cache=None, concurrency=8, **walk):
    """Return the results by URL, and what reading them took."""
    results, transfer = [], Transfer()
    walk = Walk(**walk, stores=StoreSettings(server.options, concurrency))
    for groups, part in scan_urls(urls, walk, cache):
        results += [file for _, files in groups for file in files]
        transfer = Transfer(*map(sum, zip(transfer, part, strict=True)))
    return results, transfer


def only(server, url):
    [result], _ = scanned(server, url)
    return result


def paths(results):
    return [file.path.removeprefix(f"{ROOT}/") for file in results]


# What is read


def test_samples_have_the_same_results_as_on_disk(server):
    files = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    server.objects = {path.relative_to(SAMPLES).as_posix(): path.read_bytes() for path in files}
    results, transfer = scanned(server, ROOT)
    local = {file.path: file for file in imgcost.scan(SAMPLES)}
    assert [file._replace(path=str(SAMPLES / file.path.removeprefix(f"{ROOT}/"))) for file in results] == [
        local[str(SAMPLES / key)] for key in sorted(server.objects)
    ]
    assert transfer.objects == len(files)
    assert transfer.requests == sum(server.requests.values()) - 1
    assert transfer.transferred_bytes <= server.sent < sum(map(len, server.objects.values())) / 10


def test_only_the_start_is_read_in_one_request(server):
    server.objects = {"a.png": LONG, "b.png": PNG}
    results, transfer = scanned(server, ROOT)
    assert [(file.width, file.height, file.file_bytes) for file in results] == [
        (640, 480, len(LONG)),
        (640, 480, len(PNG)),
    ]
    assert transfer == Transfer(2, 0, 2, 4096 + len(PNG))


def test_a_long_header_is_read_in_growing_parts(server):
    photo = encoded("JPEG", 640, 480)
    segments = b"".join(b"\xff\xe1\xff\xff" + bytes(65533) for _ in range(20))
    server.objects = {"a.jpg": photo[:2] + segments + photo[2:]}
    [image], transfer = scanned(server, f"{ROOT}/a.jpg")
    assert (image.width, image.height, image.file_bytes) == (640, 480, len(server.objects["a.jpg"]))
    assert transfer.requests < 20
    assert transfer.transferred_bytes < len(server.objects["a.jpg"])


def test_each_part_of_a_header_has_its_own_attempts(server, monkeypatch):
    monkeypatch.setattr(probing, "ATTEMPTS", 2)
    photo = encoded("JPEG", 640, 480)
    server.objects = {"a.jpg": photo[:2] + (b"\xff\xe1\xff\xff" + bytes(65533)) * 5 + photo[2:]}
    server.fault = lambda key, number: "503" if key == "a.jpg" and number in {2, 4} else None
    [image], transfer = scanned(server, ROOT)
    assert (image.width, server.requests["a.jpg"]) == (640, transfer.requests)


def test_nothing_is_requested_beyond_the_end(server):
    server.objects = {"a.gif": encoded("GIF", 20, 10)[:-1]}  # without its trailer, the parser looks further
    [image], transfer = scanned(server, ROOT)
    assert (image.width, transfer.requests) == (20, 1)


def test_a_header_that_never_ends_is_given_up(server, monkeypatch):
    monkeypatch.setattr(probing, "MAX_BYTES", 100_000)
    server.objects = {"a.jpg": b"\xff\xd8" + b"\xff\xe1\xff\xff" + (bytes(65533) + b"\xff\xe1\xff\xff") * 50}
    [result], transfer = scanned(server, f"{ROOT}/a.jpg")
    assert (result.problem, result.reason) == (
        "no-access",
        "its header is not within 0 MiB of reads",
    )
    assert transfer.transferred_bytes < 200_000


def test_empty_objects_are_not_read_and_folders_are_skipped(server):
    server.objects = {"p/sub": b"", "p/sub/": b"", "p/sub/a.png": PNG, "p/zero.png": b""}
    results, transfer = scanned(server, f"{ROOT}/p")
    assert [(path, type(file)) for path, file in zip(paths(results), results, strict=True)][-2:] == [
        ("p/sub/a.png", Image),
        ("p/zero.png", Unreadable),
    ]
    assert results[-1].problem == "empty"
    assert transfer.requests == 1


def test_archives_are_listed_and_not_read(server):
    server.objects = {"a.zip": b"PK", "b.tar.gz": b"x"}
    results, transfer = scanned(server, ROOT)
    assert {file.problem for file in results} == {"archive-not-entered"}
    assert transfer == Transfer(2)


def test_named_empty_object(server):
    server.objects = {"a.png": b""}
    assert only(server, f"{ROOT}/a.png").problem == "empty"
    assert only(server, f"{server.url}/{BUCKET}/a.png").problem == "empty"


# Which objects, in which order


def test_results_come_in_the_order_of_the_store(server):
    server.objects = {f"p/{number:03}.png": PNG for number in range(50)}
    server.page = 7
    server.fault = lambda key, _number: "slow0.2" if key == "p/000.png" else None
    results, _ = scanned(server, f"{ROOT}/p/", f"{ROOT}/p/010.png", f"{ROOT}/p/009.png")
    assert paths(results) == [*server.objects, "p/010.png", "p/009.png"]


def test_prefixes_are_folders(server):
    server.objects = {"a/b": PNG, "ab/c": PNG, "a.v2/d.png": PNG, "e": PNG}
    assert paths(scanned(server, f"{ROOT}/a")[0]) == ["a/b"]
    assert paths(scanned(server, f"{ROOT}/a.v2/")[0]) == ["a.v2/d.png"]
    assert isinstance(only(server, f"{ROOT}/e"), Image)
    assert len(scanned(server, ROOT)[0]) == 4
    assert paths(scanned(server, f"{ROOT}/e", f"{ROOT}/a.v2/d.png", f"{ROOT}/a")[0]) == ["e", "a.v2/d.png", "a/b"]
    missing = only(server, f"{ROOT}/a.v2")
    assert (missing.problem, missing.reason) == (
        "missing",
        "no such object, unless the URL is that of a prefix: then end it with a slash",
    )


def test_an_object_that_disappears_is_missing(server):
    server.objects = {"a.png": PNG}
    server.fault = lambda key, _number: "404" if key == "a.png" else None
    assert only(server, ROOT).reason == "no such object"


def test_globs_match_names_paths_and_folders(server):
    server.objects = dict.fromkeys(("p/a.png", "p/b.jpg", "p/thumbs/c.png", "p/x/thumbs/d.png", "p/x/e.png"), PNG)
    assert paths(scanned(server, f"{ROOT}/p", include=("*.png",), exclude=("thumbs",))[0]) == ["p/a.png", "p/x/e.png"]
    assert paths(scanned(server, f"{ROOT}/p", include=(f"{ROOT}/p/x/*",))[0]) == ["p/x/e.png", "p/x/thumbs/d.png"]
    assert scanned(server, f"{ROOT}/p/a.png", exclude=("*.png",)) == ([], Transfer())


def test_hostile_keys(server):
    server.objects = dict.fromkeys(("p/=1+1.png", "p/<b>&.png", "p/a b%20#?.png", "p/\u00fc\u202e.png"), PNG)
    results, _ = scanned(server, f"{ROOT}/p")
    assert paths(results) == sorted(server.objects)
    assert all(isinstance(file, Image) for file in results)


def test_more_urls_than_are_looked_at_together(server, monkeypatch):
    monkeypatch.setattr(scanning, "URLS", 2)
    monkeypatch.setattr(scanning, "AHEAD", 3)
    server.objects = {f"{name}.png": PNG for name in "abcde"}
    urls = [f"{ROOT}/{key}" for key in server.objects]
    assert paths(scanned(server, *urls)[0]) == list(server.objects)
    server.page = 2
    assert paths(scanned(server, ROOT)[0]) == list(server.objects)


# Faults


@pytest.mark.parametrize("fault", ["503", "429", "500", "cut", "drop", "slow0.1"])
def test_nothing_is_lost_to_occasional_faults(server, fault):
    server.objects = {f"p/{number}.png": PNG for number in range(20)}
    server.fault = lambda key, number: fault if key[-5] in "37" and number == 1 else None
    results, transfer = scanned(server, f"{ROOT}/p")
    assert paths(results) == sorted(server.objects)
    assert all(isinstance(file, Image) for file in results)
    assert transfer.requests == (20 if fault.startswith("slow") else 24)


@pytest.mark.parametrize("fault", ["503", "cut", "drop"])
def test_an_object_that_always_fails_is_reported(server, fault):
    server.objects = {"a.png": PNG, "b.png": PNG}
    server.fault = lambda key, _number: fault if key == "a.png" else None
    [failed, image], transfer = scanned(server, ROOT)
    assert (failed.problem, type(image)) == ("no-access", Image)
    assert failed.reason.endswith(f"(after {access.ATTEMPTS} requests)")
    assert transfer.requests == access.ATTEMPTS + 1
    assert server.requests["a.png"] == access.ATTEMPTS


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("403", "HTTP 403 Forbidden (Fault403)"),
        ("no-range", "Received non-partial response when range requested"),
        ("shifted", f"Requested 0..{len(PNG)}, got 1..{len(PNG)}"),
        ("301", "Received redirect without LOCATION, this normally indicates an incorrectly configured region"),
    ],
)
def test_what_another_attempt_does_not_change_is_reported_at_once(server, fault, reason):
    server.objects = {"a.png": PNG, "b.png": PNG}
    server.fault = lambda key, _number: fault if key == "a.png" else None
    [failed, _], transfer = scanned(server, ROOT)
    assert failed.problem == "no-access"
    assert failed.reason.startswith(reason)
    assert transfer.requests == 2


def test_more_than_was_requested_is_not_read(server):
    server.objects = {"a.png": PNG, "b.png": PNG}
    server.fault = lambda key, _number: "flood" if key == "a.png" else None
    [failed, _], transfer = scanned(server, ROOT)
    assert failed.problem == "not-an-image"
    assert transfer.transferred_bytes < 4 << 20


def test_an_object_that_shrinks_ends_early(server):
    server.objects = {"a.jpg": b"\xff\xd8\xff\xe1\xff\xff" + bytes(80_000)}
    server.fault = lambda key, number: "416" if key == "a.jpg" and number == 2 else None
    assert only(server, ROOT).problem == "damaged"


def test_listings_are_repeated(server):
    server.objects = {f"p/{number}.png": PNG for number in range(5)}
    server.page = 2
    server.fault = lambda key, number: "503" if key == BUCKET and number == 2 else None
    assert len(scanned(server, f"{ROOT}/p")[0]) == 5


def test_a_listing_that_is_refused_ends_the_scan(server):
    server.fault = lambda _key, _number: "403"
    with pytest.raises(ImgcostError, match=r"^cannot list s3://photos/p: HTTP 403 Forbidden \(Fault403\); credentials"):
        scanned(server, f"{ROOT}/p")


@pytest.mark.parametrize("key", ["p//a.png", "p/a\n.png", "p/\x1b[31m.png"])
def test_a_key_that_obstore_cannot_list_is_named(server, key):
    server.objects = {key: PNG}
    with pytest.raises(ImgcostError) as caught:
        scanned(server, f"{ROOT}/p")
    assert str(caught.value).startswith(
        f"cannot list s3://photos/p: obstore cannot list the key {key!r}; pipe the URLs"
    )


def test_globs_in_urls_are_not_expanded(server):
    assert only(server, f"{ROOT}/*.png").reason == "no such object; globs in URLs are not expanded: use --include"


def test_a_store_that_refuses_everything_ends_the_scan(server):
    server.objects = {f"{number:03}.png": PNG for number in range(200)}
    server.fault = lambda key, _number: "403" if key != BUCKET else None
    with pytest.raises(ImgcostError, match=r"^20 objects in a row could not be read, the last one is .*HTTP 403"):
        scanned(server, ROOT)
    assert sum(server.requests.values()) < 100


def test_a_store_that_refuses_some_objects_does_not_end_the_scan(server):
    server.objects = {f"{number:03}.png": PNG for number in range(200)}
    server.fault = lambda key, _number: "403" if key not in {BUCKET, "000.png"} else None
    results, _ = scanned(server, ROOT, concurrency=1)
    assert [type(file) for file in results] == [Image, *[Unreadable] * 199]


def test_a_server_that_stops_to_answer_ends_the_scan(server, monkeypatch):
    monkeypatch.setattr(probing, "ATTEMPTS", 2)
    server.objects = {f"{number:03}.png": PNG for number in range(200)}
    server.fault = lambda key, _number: "503" if key > "010" and key != BUCKET else None
    with pytest.raises(ImgcostError, match=r"^100 objects in a row could not be read, the last one is s3://photos/1"):
        scanned(server, ROOT, concurrency=1)


# Web servers


def test_web_files(server):
    server.objects = {"a.png": LONG, "b c.png": PNG}
    url = f"{server.url}/{BUCKET}"
    [first, second], transfer = scanned(server, f"{url}/a.png", f"{url}/b c.png")
    assert first == Image(f"{url}/a.png", "image/png", 640, 480, 1, animated=False, file_bytes=len(LONG))
    assert second.path == f"{url}/b c.png"
    assert transfer.transferred_bytes == 4096 + len(PNG)


@pytest.mark.parametrize("fault", ["no-range", "no-length", "lie"])
def test_web_servers_without_ranges(server, fault):
    server.ranges = False
    server.objects = {"a.png": LONG}
    server.fault = lambda _key, _number: fault
    [image], transfer = scanned(server, f"{server.url}/{BUCKET}/a.png")
    assert (image.width, image.file_bytes) == (640, 10**12 if fault == "lie" else len(LONG))
    assert transfer.transferred_bytes == (len(LONG) if fault == "no-length" else 4096)


def test_web_servers_without_ranges_and_a_long_header(server, monkeypatch):
    server.ranges = False
    photo = encoded("JPEG", 640, 480)
    server.objects = {"a.jpg": photo[:2] + b"\xff\xe1\xff\xff" + bytes(65533) + photo[2:]}
    url = f"{server.url}/{BUCKET}/a.jpg"
    assert only(server, url).width == 640
    monkeypatch.setattr(web, "MAX_BYTES", 50_000)
    assert only(server, url).reason == "the server ignores ranges, and the header is far from the start of the file"


@pytest.mark.parametrize(
    ("fault", "problem", "reason", "requests"),
    [
        ("404", "missing", "no such object", 1),
        ("401", "no-access", "HTTP 401 Unauthorized", 1),
        ("418", "no-access", "HTTP 418 I'm a Teapot", 1),
        ("shifted", "no-access", "the server sent another range than requested", 1),
        ("503", "no-access", "HTTP 503 Service Unavailable (after 8 requests)", 8),
        ("cut", "no-access", "the connection was cut (after 8 requests)", 8),
        ("drop", "no-access", "Remote end closed connection without response (after 8 requests)", 8),
        ("redirect ftp://127.0.0.1/a", "no-access", None, 1),
        ("redirect file:///etc/passwd", "no-access", None, 1),
    ],
)
def test_web_faults(server, fault, problem, reason, requests):
    server.objects = {"a.png": PNG}
    server.fault = lambda _key, _number: fault
    result = only(server, f"{server.url}/{BUCKET}/a.png")
    assert result.problem == problem
    assert reason is None or result.reason == reason
    assert server.requests["a.png"] == requests


@pytest.mark.parametrize(
    ("error", "problem", "reason"),
    [
        (
            URLError(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
            "invalid",
            "Name or service not known",
        ),
        (URLError(socket.gaierror(socket.EAI_AGAIN, "Try again")), "unavailable", "Try again"),
        (URLError(ssl.SSLCertVerificationError(1, "certificate has expired")), "invalid", "certificate has expired"),
        (URLError("unknown url type"), "unavailable", "unknown url type"),
        (TimeoutError("timed out"), "unavailable", "timed out"),
        (http.client.InvalidURL("nonnumeric port"), "invalid", "nonnumeric port"),
        (ConnectionResetError(), "unavailable", "ConnectionResetError"),
    ],
)
def test_failed_connections(monkeypatch, error, problem, reason):
    store = web.WebStore()

    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(store._opener, "open", fail)
    with pytest.raises(StoreError) as caught:
        store.read("https://host/a.png", 0, 10)
    assert (caught.value.problem, caught.value.reason) == (problem, reason)


def test_a_response_byte_by_byte_is_ended(server, monkeypatch):
    monkeypatch.setattr(web, "REQUEST_SECONDS", 0)
    server.objects = {"a.png": PNG}
    response = type("Drip", (), {"read1": lambda _self, _size: b"x"})()
    with pytest.raises(StoreError, match="took longer than 0 seconds"):
        web._read(response, 10)


def test_web_servers_have_no_listings():
    with pytest.raises(StoreError, match="web servers cannot be listed: name the files below https://host"):
        web.WebStore().pages("https://host")


# The cache


def test_unchanged_objects_are_not_read_again(server, tmp_path):
    server.objects = {"a.png": PNG, "b.png": PNG, "c.txt": b"text", "d.png": PNG}
    server.fault = lambda key, _number: "403" if key == "d.png" else None
    with HeaderCache(tmp_path / "cache") as cache:
        first, _ = scanned(server, ROOT, cache=cache)
    server.requests.clear()
    server.fault = lambda _key, _number: None
    server.objects["b.png"] = LONG
    with HeaderCache(tmp_path / "cache") as cache:
        second, transfer = scanned(server, ROOT, cache=cache)
    assert (transfer.objects, transfer.cached) == (4, 2)
    assert server.requests == {BUCKET: 1, "b.png": 1, "d.png": 1}
    assert (second[0], second[2]) == (first[0], first[2])
    assert (second[1].file_bytes, type(first[3]), type(second[3])) == (len(LONG), Unreadable, Image)


def test_results_are_cached_as_they_arrive(server, tmp_path, monkeypatch):
    server.objects = {f"{number:03}.png": PNG for number in range(30)}

    def interrupt(_scan, probed):
        if probed.result.path.endswith("020.png"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, HeaderCache(tmp_path / "cache") as cache:
        patched.setattr(scanning._Scan, "_judge", interrupt)
        with pytest.raises(KeyboardInterrupt):
            scanned(server, ROOT, cache=cache, concurrency=1)
    with HeaderCache(tmp_path / "cache") as cache:
        assert scanned(server, ROOT, cache=cache)[1].cached in range(21, 31)


def test_versions_are_no_modification_times(tmp_path):
    with HeaderCache(tmp_path / "cache") as cache:
        versions = {"s3://b/a.png": (5, "1"), "s3://b/\udcff.png": (5, "\udcff")}
        assert cache.cached_objects(versions) == {}
        image = Image("s3://b/a.png", "image/png", 1, 1, 1, animated=False, file_bytes=5)
        cache.store([("", [image])])
        assert cache.cached_objects(versions) == {image.path: image}
        assert cache.cached_objects({image.path: (5, "2")}) == cache.cached_objects({image.path: (6, "1")}) == {}
        cache._disable(OSError("full"))
        assert cache.cached_objects(versions) == {}


# Stores and drivers


def test_urls_name_stores():
    stores = Stores([("region", "eu-west-1"), ("access_key_id", "a"), ("secret_access_key", "b")])
    store, *rest = stores.open("S3://bucket/photos/")
    assert (store.root, rest) == ("s3://bucket", ["photos", False])
    assert stores.open("s3://bucket/photos/a.jpg") == (store, "photos/a.jpg", True)
    assert stores.open("s3://bucket")[1:] == ("", False)
    assert stores.open("https://host/a?b=c.d") == (stores.open("http://host")[0], "https://host/a?b=c.d", True)
    with pytest.raises(ImgcostError, match=r"^s3:///a names no bucket: expected s3://BUCKET/PREFIX$"):
        stores.open("s3:///a")


@pytest.mark.parametrize(
    ("url", "options", "error"),
    [
        ("s3://b", {"bogus": "1"}, "cannot open s3://b: Configuration key: 'bogus' is not valid for store 'S3'"),
        ("az://b", {}, "cannot open az://b: Account must be specified; credentials are read from the environment"),
    ],
)
def test_stores_that_cannot_be_opened(monkeypatch, url, options, error):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(ImgcostError, match=f"^{error}".replace("(", r"\(")):
        cloud.CloudStore(url, options)


def test_missing_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(
        MissingExtraError, match=r'^reading s3:// URLs needs the extra "cloud": pip install "imgcost\[cloud\]" \('
    ):
        cloud.CloudStore("s3://b", {})
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingPackageError, match="reading hf:// URLs needs huggingface_hub"):
        drivers.DriverStore("hf", {})
    with pytest.raises(MissingPackageError, match="reading memory:// URLs needs fsspec"):
        drivers.DriverStore("memory", {})


def test_credentials_of_profiles(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert cloud._profile({"skip_signature": "true"}) is None
    with pytest.raises(ImgcostError, match=r"^there are no credentials for S3: "):
        cloud._profile({})
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    assert cloud._profile({})()["access_key_id"] == "a"
    assert cloud.CloudStore("s3://b", {"region": "x"})._read.credential_provider is not None
    monkeypatch.setattr(cloud, "find_spec", lambda _name: None)
    assert cloud._profile({}) is None


def test_endpoints_without_tls(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9000")
    assert cloud._endpoint({}) == "http://localhost:9000"
    assert cloud._endpoint({"endpoint": "https://host"}) == "https://host"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Generic S3 error: Error performing GET http://h/k?x=1 in 3s, x - HTTP error: x",
            "HTTP error: x to http://h/k",
        ),
        ("Generic GCS error: no key\n\nDebug source:\nx", "no key"),
        ("something else", "something else"),
    ],
)
def test_reasons_are_short(text, reason):
    assert cloud._reason(ValueError(text)) == reason


class _Files:
    """What a driver of fsspec offers."""

    def __init__(self, objects, **options):
        self.objects = objects
        self.__dict__.update(options)

    def walk(self, prefix, detail, on_error):
        assert (detail, on_error) == (True, "raise")
        names = [name for name in self.objects if name.startswith(f"{prefix}/")]
        if not names:
            raise self.error
        yield (
            prefix,
            {},
            {name: {"name": name, "size": len(self.objects[name]), "ETag": "1"} for name in reversed(names)},
        )

    def info(self, key):
        if key not in self.objects:
            raise self.error
        return {"size": len(self.objects[key])}

    def cat_file(self, key, start, end):
        return self.objects[key][start:end]


def _http_error(status):
    error = RuntimeError("")
    error.response = type("Response", (), {"status_code": status})()
    return error


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (FileNotFoundError("x"), "missing"),
        (PermissionError("x"), "no-access"),
        (_http_error(401), "no-access"),
        (_http_error(404), "missing"),
    ],
)
def test_drivers_of_fsspec(monkeypatch, error, problem):
    files = _Files({"d/b.png": PNG, "d/a.png": LONG}, async_impl=True, error=error)
    monkeypatch.setattr("fsspec.filesystem", lambda _scheme: files)
    results = list(imgcost.scan("x1://d/", "x1://d/c.png"))
    assert results[:2] == [
        Image("x1://d/a.png", "image/png", 640, 480, 1, animated=False, file_bytes=len(LONG)),
        Image("x1://d/b.png", "image/png", 640, 480, 1, animated=False, file_bytes=len(PNG)),
    ]
    assert results[2].problem == problem
    with pytest.raises(ImgcostError, match=f"^cannot list x1://e: {error or 'RuntimeError'}"):
        list(imgcost.scan("x1://e"))


def test_drivers_that_are_not_asynchronous():
    import fsspec  # noqa: PLC0415 - only these tests need it

    files = fsspec.filesystem("memory")
    files.pipe({"/imgcost/a.png": LONG, "/imgcost/sub/b.png": PNG})
    try:
        results = list(imgcost.scan("memory:///imgcost"))
    finally:
        files.rm("/imgcost", recursive=True)
    assert [(file.path, file.width) for file in results] == [
        ("memory:///imgcost/a.png", 640),
        ("memory:///imgcost/sub/b.png", 640),
    ]


@pytest.mark.parametrize(
    ("scheme", "options", "error"),
    [
        ("nothing", {}, "cannot read nothing:// URLs: Protocol not known: nothing"),
        ("sftp", {}, "cannot read sftp:// URLs: "),
    ],
)
def test_drivers_that_cannot_be_loaded(scheme, options, error):
    with pytest.raises(ImgcostError, match=f"^{error}"):
        drivers.DriverStore(scheme, options)


# Threads


def test_leaving_threads_drops_waiting_calls():
    started, release, calls = threading.Event(), threading.Event(), []

    def wait():
        started.set()
        release.wait(60)

    with Threads(1) as threads:
        threads.submit("a", wait)
        started.wait(60)
        for name in "bc":
            threads.submit(name, lambda: calls.append(1))
        release.set()
    assert calls in ([], [1])
    assert threads.stopped.is_set()


def test_leaving_threads_waits_a_moment_for_running_calls(monkeypatch):
    monkeypatch.setattr("imgcost.files.stores.threads.LEAVE_SECONDS", 0.01)
    release = threading.Event()
    with Threads(3) as threads:
        for _ in range(3):
            threads.submit("a", lambda: release.wait(60))
    release.set()


def test_waiting_continues_after_a_timeout(monkeypatch):
    monkeypatch.setattr("imgcost.files.stores.threads.POLL_SECONDS", 0.001)
    release = threading.Event()
    with Threads(1) as threads:
        threads.submit("a", lambda: release.wait(60))
        threading.Timer(0.05, release.set).start()
        assert [(done.tag, done.value) for done in threads.done()] == [("a", True)]


@pytest.fixture
def stuck(monkeypatch):
    monkeypatch.setattr("imgcost.files.stores.threads.STUCK_SECONDS", 0.2)
    monkeypatch.setattr("imgcost.files.stores.threads.POLL_SECONDS", 0.05)
    monkeypatch.setattr("imgcost.files.stores.threads.LEAVE_SECONDS", 0.01)


@pytest.mark.usefixtures("stuck")
def test_requests_that_never_end_are_given_up(server):
    server.objects = {f"{number}.png": PNG for number in range(9)}
    server.fault = lambda key, _number: "slow1" if key in {"2.png", "3.png"} else None
    results, transfer = scanned(server, ROOT, concurrency=2)
    assert [file.path[-5:] for file in results if isinstance(file, Unreadable)] == ["2.png", "3.png"]
    assert {file.reason for file in results if isinstance(file, Unreadable)} == {"no answer within 300 seconds"}
    assert transfer.requests == 9


@pytest.mark.usefixtures("stuck")
def test_a_listing_that_never_ends_is_given_up(server):
    server.fault = lambda _key, _number: "slow1"
    with pytest.raises(ImgcostError, match=r"^cannot list objects: no answer within 300 seconds$"):
        scanned(server, ROOT)


def test_late_results_of_requests_that_were_given_up_are_ignored():
    page = scanning._Page([(None, StoredObject("s3://b/a.png", "a.png"))])
    given_up, late = Unreadable("s3://b/a.png", "no-access", "stuck"), Unreadable("s3://b/a.png", "damaged", "late")
    page.set(0, probing.Probed(given_up))
    page.set(0, probing.Probed(late))
    assert (page.results, page.missing) == ([given_up], 0)


def test_a_stopped_scan_does_not_wait_for_retries():
    stopped = threading.Event()
    stopped.set()
    store = type("Busy", (), {"read": lambda *_: (_ for _ in ()).throw(StoreError("unavailable", "busy"))})()
    probed = probing.probe_object(store, StoredObject("s3://b/a.png", "a.png"), stopped)
    assert (probed.requests, probed.failure.problem) == (1, "unavailable")


# The library and the command line


def test_scan_and_summarize_take_urls(environment, tmp_path):
    environment.objects = {"p/a.png": PNG}
    (tmp_path / "b.png").write_bytes(PNG)
    found = list(imgcost.scan(f"{ROOT}/p", tmp_path, f"{ROOT}/p/a.png"))
    assert [file.path for file in found] == [f"{ROOT}/p/a.png", str(tmp_path / "b.png"), f"{ROOT}/p/a.png"]
    summary = imgcost.summarize(f"{ROOT}/p", str(tmp_path))
    assert (summary.images, summary.transfer) == (2, Transfer(1, 0, 1, len(PNG)))
    assert set(summary.folders) == {f"{ROOT}/p", str(tmp_path)}
    plan = imgcost.plan([f"{ROOT}/p"], models="haiku")
    assert plan.images == 1
    with pytest.raises(ImgcostError, match="--dedupe reads whole files"):
        imgcost.summarize(f"{ROOT}/p", dedupe=True)


def test_options_of_stores_in_the_library(server):
    server.objects = {"a.png": PNG}
    assert [file.width for file in imgcost.scan(ROOT, store_options=dict(server.options))] == [640]
    walk = Walk(stores=StoreSettings(server.options))
    assert imgcost.summarize(ROOT, walk=walk).images == 1
    for wrong in ("region", {"region": 1}, [("region", "x")]):
        with pytest.raises(ArgumentError, match=r"^invalid store_options .*: expected a dict of texts"):
            imgcost.scan(ROOT, store_options=wrong)


def test_report(environment, tmp_path):
    environment.objects = {"p/a.png": PNG, "p/b.txt": b"text"}
    arguments = ("scan", f"{ROOT}/p", "--cache", tmp_path / "cache")
    text = unwrapped(printed(*arguments))
    assert f"2 objects in object stores: {(len(PNG) + 4) / 1000:.1f} kB were read in 2 requests, and listings." in text
    assert f"{ROOT}/p/b.txt" in text
    text = unwrapped(printed(*arguments))
    assert "2 objects in object stores, 2 of them in the cache: 0 bytes were read in 0 requests, and listings." in text
    found = json.loads(printed(*arguments, "-f", "json"))
    assert found["transfer"] == {"objects": 2, "cached": 2, "requests": 0, "transferred_bytes": 0}
    assert "transfer" not in json.loads(printed("scan", SAMPLES / "web", "-f", "json"))


def test_rows_have_urls(environment, tmp_path):
    environment.objects = {"p/=a.png": PNG}
    printed("scan", f"{ROOT}/p", "-o", tmp_path / "a.jsonl", "-m", "haiku")
    row = json.loads((tmp_path / "a.jsonl").read_text())
    assert row["path"] == f"{ROOT}/p/=a.png"


def test_options_of_stores(server):
    server.objects = {"a.png": PNG}
    options = [part for name, value in server.options for part in ("--store-option", f"{name}={value}")]
    assert "1 image" in printed("scan", ROOT, *options, "--concurrency", 1)
    assert "Invalid value for '--store-option': 'region': expected KEY=VALUE" in refused(
        "scan", ROOT, "--store-option", "region"
    )
    assert "Invalid value for '--store-option': '=x': expected" in refused("scan", ROOT, "--store-option", "=x")


def test_plan(environment):
    environment.objects = {"p/a.png": PNG}
    assert "1 image" in printed("plan", f"{ROOT}/p", "-m", "haiku")
    assert "--count applies to sizes only" in refused("plan", f"{ROOT}/p", "--count", 3)


def test_urls_that_cannot_be_read_are_an_error(environment):
    error = refused("scan", f"{ROOT}/none.png")
    assert f"Error: none of the objects can be read; {ROOT}/none.png: no such object" in error
    environment.objects = {"a.png": PNG}
    assert f"{ROOT}/none.png" in printed("scan", f"{ROOT}/none.png", f"{ROOT}/a.png")


def test_wrong_credentials_are_one_error(environment):
    environment.fault = lambda _key, _number: "403"
    error = refused("scan", f"{ROOT}/p")
    assert error.count("\n") <= 3
    assert "cannot list s3://photos/p: HTTP 403 Forbidden (Fault403); credentials are read from" in error


def test_what_does_not_read_urls():
    assert "Only 'imgcost scan' and 'imgcost plan' read URLs." in refused("check", "s3://b/a.png")
    assert "s3://b/a.parquet: tables in object stores cannot be read" in refused("scan", "s3://b/a.parquet")
    assert "s3://b/a.csv: tables in object stores cannot be read" in refused("plan", "s3://b/a.csv")
    assert "--dedupe reads whole files" in refused("scan", "s3://b", "--dedupe")


@pytest.mark.slow
def test_a_scan_of_files_loads_no_network_code(tmp_path):
    loaded = {"urllib.request", "obstore", "fsspec", "http.client"}
    code = f"import sys, imgcost; list(imgcost.scan({str(tmp_path)!r})); print(sys.modules.keys() & {loaded!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
