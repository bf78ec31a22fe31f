"""The page about files says what is: its examples load, its table of options and of profiles is the code's."""

import re
from pathlib import Path

import pytest

from connectors.files import Files
from connectors.files.profile import PROFILES
from mdm import catalog, mapping, project, settings
from mdm.connector import StreamRequest

PAGE = (Path(__file__).parents[2] / "docs" / "connectors" / "files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=[re.findall(r"\[sources\.(\w+)\]", text)[0] for text in EXAMPLES])
def test_every_example_works_as_it_stands(tmp_path, example):
    (tmp_path / "mdm.toml").write_text(example, encoding="utf-8")

    loaded = settings.load(tmp_path / "mdm.toml")

    entities = catalog.entities(project.bundled("rules"))
    for source in loaded.sources.values():
        connector = catalog.connector(source)
        assert isinstance(connector, Files)
        for stream in source.streams.values():
            assert stream.key, f"{stream} has no key"
            mapping.validated(stream, entities, loaded.sources)
            connector._of(StreamRequest(stream.name, options=source.options_of(stream.name)))


def test_every_option_stands_in_the_table_in_its_own_words():
    rows = dict(re.findall(r"^\| `(\w+)` \| [\w ]+ \|[^|]*\| (.*) \|$", PAGE, flags=re.MULTILINE))

    assert {option.name: option.help for option in Files.options}.items() <= rows.items()


def test_every_profile_has_its_example_and_every_stream_its_row():
    for profile in PROFILES.values():
        assert f'profile = "{profile.name}"' in PAGE
        for stream, kind in profile.streams.items():
            keys = ", ".join(f"`{name}`" for name in kind.key) or "yours to set"
            assert f"| `{profile.name}` | `{stream}` | {keys} |" in PAGE
