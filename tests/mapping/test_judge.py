"""What a delivered record is."""

import hashlib
import hmac
import json

import pytest

from mdm import mapping
from mdm.errors import ConfigError
from mdm.settings import Condition, LinkSettings, MapSettings


def pseudonym(text):
    return hmac.new(b"key", text.encode(), hashlib.sha256).hexdigest()


def test_a_deleted_flag_deletes(delivered, stream):
    frame = delivered({"D": "true"}, {"D": True}, {"D": " TRUE "}, {"D": "false"}, {}, {"D": None})

    found = mapping.judged(frame, stream(deleted=Condition("D", ("true", "1"))))

    assert found["op"].to_list() == ["delete", "delete", "delete", "upsert", "upsert", "upsert"]


def test_a_date_deactivates_unless_another_reactivates(delivered, stream):
    frame = delivered({"D": "2020"}, {"D": "2020", "R": "2021"}, {"D": " ", "R": ""}, {})

    found = mapping.judged(frame, stream(inactive=Condition("D", present=True, unless="R")))

    assert found["op"].to_list() == ["inactive", "upsert", "upsert", "upsert"]


def test_a_status_may_deactivate(delivered, stream):
    found = mapping.judged(delivered({"S": "I"}, {"S": "A"}), stream(inactive=Condition("S", ("I",))))

    assert found["op"].to_list() == ["inactive", "upsert"]


def test_the_loser_of_a_merge_names_the_winner(delivered, stream):
    frame = delivered({"M": "w|1"}, {"M": "k1"}, {"M": ""}, {}, key=["k0", "k1", "k2", "k3"])

    found = mapping.judged(frame, stream(merged_into=("M",)))

    assert found["op"].to_list() == ["merged_into", "upsert", "upsert", "upsert"]
    assert found["merged_into"].to_list() == ["w\\|1", None, None, None]


def test_a_deleted_loser_is_merged_not_deleted(delivered, stream):
    settings = stream(merged_into=("M",), deleted=Condition("D", ("1",)))

    found = mapping.judged(delivered({"M": "w", "D": "1"}, {"D": "1"}), settings)

    assert found["op"].to_list() == ["merged_into", "delete"]


def test_what_the_connector_knows_stays(delivered, stream):
    frame = delivered({"D": "1"}, {"D": "1"}, None, op=["inactive", "merged_into", "delete"], merged_into="w")

    found = mapping.judged(frame, stream(deleted=Condition("D", ("1",)), merged_into=("M",)))

    assert found["op"].to_list() == ["inactive", "merged_into", "delete"]
    assert found["merged_into"].to_list() == ["w", "w", "w"]


def test_a_record_is_wanted_if_any_map_accepts_it(delivered, stream):
    maps = [MapSettings("thing", where={"T": ("a",)}), MapSettings("other", where={"T": ("b",), "U": ("1",)})]

    found = mapping.judged(delivered({"T": "a"}, {"T": "b"}, {"T": "b", "U": 1}, {}), stream(*maps))

    assert found["wanted"].to_list() == [True, False, True, False]


def test_a_stream_without_where_wants_everything(delivered, stream):
    maps = [MapSettings("thing", where={"T": ("a",)}), MapSettings("other")]

    assert mapping.judged(delivered({"T": "x"}), stream(*maps))["wanted"].all()
    assert mapping.judged(delivered({"T": "x"}), stream())["wanted"].all()


def test_deletions_come_before_where(delivered, stream):
    settings = stream(MapSettings("thing", where={"T": ("a",)}), deleted=Condition("D", ("1",)))

    found = mapping.judged(delivered({"T": "x", "D": "1"}, None, op=["upsert", "delete"]), settings)

    assert found["wanted"].to_list() == [True, True]


def test_where_of_an_exploded_map_asks_the_elements(delivered, stream):
    one = MapSettings("thing", where={"t": ("x",)}, explode="l", element_key=("id",))

    found = mapping.judged(delivered({"l": [{"t": "y"}, {"t": "x"}]}, {"l": [{"t": "y"}]}, {}), stream(one))

    assert found["wanted"].to_list() == [True, False, False]


def test_nothing_delivered_is_judged_as_nothing(delivered, stream):
    settings = stream(MapSettings("thing", where={"t": ("x",)}), deleted=Condition("D", ("1",)), pseudonymise=("S",))

    assert mapping.judged(delivered(), settings, pseudonym_key="key").is_empty()


def test_pseudonyms_replace_values_in_payloads(delivered, stream):
    text = '{"id":"1","S":"Ana","n":{"S":["x",null,2.50,true]},"keep":12.50,"big":12345678901234567890,"e":""}'

    found = mapping.judged(delivered(text, {"S": None}, None), stream(pseudonymise=("S", "n.S", "e")), pseudonym_key="key")

    first, second, third = found["payload"]
    assert json.loads(first)["S"] == pseudonym("Ana")
    assert json.loads(first)["n"]["S"] == [pseudonym("x"), None, pseudonym("2.50"), pseudonym("true")]
    assert '"keep":12.50,"big":12345678901234567890,"e":""' in first
    assert (second, third) == ('{"S":null}', None)


def test_a_pseudonymised_key_is_a_pseudonym_too(delivered, stream):
    settings = stream(key=("study", "subject"), pseudonymise=("subject",), merged_into=("study", "winner"))
    frame = delivered({"study": "s|1", "subject": "7", "winner": "8"}, None, key=["s\\|1|7", "s\\|1|9"], op=["upsert", "delete"])

    found = mapping.judged(frame, settings, pseudonym_key="key")

    assert found["source_key"].to_list() == [f"s\\|1|{pseudonym('7')}", f"s\\|1|{pseudonym('9')}"]


def test_a_winner_has_the_pseudonym_of_its_own_key(delivered, stream):
    settings = stream(key=("S",), pseudonymise=("S",), merged_into=("W",))

    found = mapping.judged(delivered({"S": "1", "W": "2"}, key=["1"]), settings, pseudonym_key="key")

    assert found.select("op", "merged_into").row(0) == ("merged_into", pseudonym("2"))
    assert '"2"' not in found["payload"][0]


def test_a_link_meets_the_pseudonym_of_its_target(delivered, stream, thing, landed):
    settings = stream(pseudonymise=("S",))
    one = MapSettings("thing", fields={"N": ("name",)}, links=(LinkSettings("owner", "src/people", ("S",)),))

    payload = mapping.judged(delivered({"S": "1", "N": "x"}), settings, pseudonym_key="key")["payload"][0]
    found = mapping.records(landed(payload), stream(one), one, thing)

    assert found.links["to_key"].to_list() == [pseudonym("1")]


def test_pseudonyms_without_a_key_are_refused(delivered, stream):
    with pytest.raises(ConfigError, match=r"hub\.pseudonym_key"):
        mapping.judged(delivered({"S": "1"}), stream(pseudonymise=("S",)))
