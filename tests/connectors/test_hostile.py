"""Hostile input by files and answers: one row of the threat list, one or more tests.

| row | tests |
|---|---|
| XML bomb, XXE | `test_odm.py: test_a_billion_laughs_are_not_heard_out`, `test_odm.py: test_a_document_type_with_declarations_is_refused`, `test_odm_clinical.py: test_a_hostile_document_lands_nothing`, `test_odm_clinical.py: test_an_external_document_type_beside_the_file_is_not_read`, `test_redcap_files.py: test_damaged_and_hostile_xml_lands_nothing`, `test_rave.py: test_hostile_answers_are_refused`, `test_hostile.py: test_one_long_entity_used_often_is_refused` |
| zip bomb | `test_files_dirty.py: test_a_bomb_is_not_let_off`, `test_files_dirty.py: test_a_workbook_bomb_is_refused_before_it_is_opened`, `test_files_dirty.py: test_a_zip_with_too_many_files_is_refused`, `test_files_archive.py: test_a_head_that_claims_to_be_huge_is_refused`, `test_vault_archive.py: test_an_archive_that_unpacks_beyond_reason_is_left`, `test_network.py: test_a_zip_bomb_is_left_before_it_fills_anything` |
| zip slip, links, nested archives | `test_files_archive.py: test_stored_paths_are_not_used`, `test_files_archive.py: test_links_and_devices_are_refused`, `test_files_archive.py: test_a_link_in_a_zip_is_refused`, `test_files_archive.py: test_an_archive_in_an_archive_is_not_opened`, `test_vault_archive.py: test_a_member_that_wants_to_be_elsewhere_is_refused` |
| CSV, XLSX | `test_files_dirty.py: test_no_bytes_make_it_fail_in_another_way`, `test_files_dirty.py: test_no_text_is_lost_without_a_word`, `test_files.py: test_identifiers_keep_their_zeros_and_text_its_blanks`, `test_files.py: test_lines_end_as_they_like`, `test_odd_files.py: test_what_is_no_such_table_is_refused_by_name` |
| SSRF in next page links and redirects | `test_hostile.py: test_no_connector_follows_a_redirect`, `test_vault.py: test_a_page_link_to_another_host_is_not_followed`, `test_rave.py: test_a_link_that_leads_astray_is_refused`, `test_salesforce.py: test_a_next_link_is_followed_at_home_and_nowhere_else`, `test_salesforce.py: test_a_token_is_not_shown_to_a_host_nobody_named`, `test_files_remote.py: test_a_redirect_elsewhere_is_not_followed`, `test_vault_archive.py: test_addresses_in_the_list_are_not_followed` |
| path traversal | `test_files_archive.py: test_nothing_is_left_behind`, `test_vault_archive.py: test_a_part_with_a_strange_name_is_not_asked_for`, `test_vault_archive.py: test_a_manifest_may_not_name_what_it_likes` |
| oversized | `test_files_dirty.py: test_a_line_of_two_hundred_megabytes_is_rejected_and_the_others_go_on`, `test_files_dirty.py: test_a_file_beyond_the_limit_is_refused`, `test_files_dirty.py: test_a_json_element_too_long_is_damage`, `test_redcap_files.py: test_one_endless_element_is_refused`, `test_files_remote.py: test_a_file_beyond_the_limit_is_not_copied_to_its_end` |
| deep JSON, NaN, huge numbers, duplicate keys | `test_odd_files.py: test_a_line_that_readers_differ_on_is_rejected_and_the_others_go_on`, `test_files_dirty.py: test_a_line_that_is_no_record_is_rejected`, `test_odm.py: test_deep_nesting_is_refused` |
| secrets in logs | `test_secrets.py: test_a_secret_shows_nowhere` |

Of the door that all calls go through: `tests/connector/test_door.py`. Statements made of values, log lines: `tests/landing/test_hostile.py`.
"""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.network import Network
from connectors.odm import Odm
from connectors.rave import Rave
from connectors.redcap import Redcap
from connectors.salesforce import Salesforce
from connectors.vault import Vault
from mdm.connector import Context, StreamRequest
from mdm.errors import DamagedError, MdmError
from tests.fakes.door import Answer, Gatekeeper

LONG = "x" * 50_000
ASKING: dict[str, tuple[type, str, dict[str, Any]]] = {
    "network": (Network, "hcp", {"username": "mdm", "password": "p"}),
    "rave": (Rave, "sites", {"username": "mdm", "password": "p", "study": "Invented"}),
    "redcap": (Redcap, "dags", {"token": "A" * 32}),
    "salesforce": (Salesforce, "Account", {"client_id": "mdm", "client_secret": "p"}),
    "vault": (Vault, "account__v", {"username": "mdm", "password": "p"}),
}


def test_every_row_names_tests_that_are_there():
    told = re.findall(r"`(test_\w+\.py): (test_\w+)`", __doc__ or "")
    folder = Path(__file__).parent
    there = {
        (path.name, node.name) for path in folder.glob("test_*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }  # fmt: skip

    assert len(told) > 30
    assert set(told) - there == set()


@pytest.mark.parametrize("kind", [Odm, Redcap], ids=["odm", "redcap"])
def test_one_long_entity_used_often_is_refused(tmp_path, kind):
    stream = "sites" if kind is Odm else "records"
    head = f'<?xml version="1.0"?><!DOCTYPE ODM [<!ENTITY long "{LONG}">]><ODM xmlns="http://www.cdisc.org/ns/odm/v1.3">'
    (tmp_path / "a.xml").write_text(head + "<Study OID='&long;'/>" * 160 + "</ODM>")

    with pytest.raises(DamagedError, match="declares"):
        list(kind("it", {"path": "a.xml"}).read(Context(home=tmp_path), StreamRequest(stream), None))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ASKING)
def test_no_connector_follows_a_redirect(name, status):
    kind, stream, options = ASKING[name]
    with Gatekeeper(Answer(b"{}")) as elsewhere, Gatekeeper(Answer(b"", status, {"Location": f"{elsewhere.url}/x"})) as home:
        connector = kind("it", {"base_url": home.url, **options})

        with pytest.raises(MdmError) as told:
            list(connector.read(Context(sleep=lambda seconds: None), StreamRequest(stream), None))

        assert home.requests
        assert elsewhere.requests == []
        assert "redirect" in str(told.value) or "own host" in str(told.value)
