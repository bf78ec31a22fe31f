"""The public door: what rules and connectors may import."""

import subprocess
import sys

import pytest

import mdm


@pytest.mark.parametrize("name", mdm.__all__)
def test_every_name_of_the_door_opens(name):
    assert getattr(mdm, name) is not None


def test_a_name_it_has_not_is_refused_by_name():
    with pytest.raises(AttributeError, match="no 'Entitty'"):
        _ = mdm.Entitty


def test_it_opens_without_loading_what_is_behind():
    loaded = "import sys, mdm; assert not {'polars', 'splink', 'pandera'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", loaded], check=True)
