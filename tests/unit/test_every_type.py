"""Each type on each kind of target was applied for real, applied again without a change, changed in place where that is possible, and destroyed.

The table says by which tests; a type or an implementation that is missing in it fails here, and so does a test that is gone.
"""

import ast
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from provisioner.catalog import Catalog
from provisioner.library import library_folder

TESTS = Path(__file__).parents[1]
GONE = "test_destroy_leaves_nothing"
"""The name of most tests that destroy."""
TOLD = re.compile(r"[\w/]+\.py::\w+")


@dataclass(frozen=True)
class Runs:
    """The tests that made it, found nothing to do, changed it in place (or the reason why it can't be), and destroyed it and found nothing left."""

    made: str
    again: str
    changed: str
    gone: str


def of(path: str, made: str, again: str, changed: str, gone: str = GONE) -> Runs:
    """Tests of one module; a change may be one of another, or a reason, and an end one of another."""
    return Runs(f"{path}::{made}", f"{path}::{again}", changed if TOLD.fullmatch(changed) or " " in changed else f"{path}::{changed}",
                gone if TOLD.fullmatch(gone) else f"{path}::{gone}")


AGAIN, SAME = "test_a_second_apply_has_nothing_to_do", "test_a_second_apply_changes_nothing"
EMPTY, SECOND, ONLY = "test_a_second_plan_is_empty", "test_second_plan_is_empty", "test_one_change_touches_only_that"
JOBS_RUN, JOBS = "test_what_runs_once_has_run_to_its_end_and_the_rest_is_scheduled", "integration/test_containers_hosts.py"
IN_PLACE, ENDED = "test_changes_are_made_in_place", "test_data_is_protected_and_destroy_leaves_nothing"
MODULES, SERVICES, PROGRAMS = (f"integration/test_modules{part}.py" for part in ("", "_services", "_programs"))
CONTAINERS, CLOUD, FRONT = "e2e/test_containers.py", "e2e/test_containers_cloud.py", "e2e/test_front_cloud.py"
EDGE, SMALL, OWN, KUBEVELA = "e2e/test_edge.py", "integration/test_small_playbooks_hosts.py", "e2e/test_own_modules.py", "e2e/test_kubevela_hosts.py"
SERVER = of("e2e/test_servers.py", "test_the_protocol_s_client_works_over_the_network_with_the_outputs_alone", AGAIN, IN_PLACE,
            "test_data_goes_only_when_it_is_allowed_by_name_and_then_nothing_is_left")
STORES = of("e2e/test_stores.py", "test_the_protocol_s_client_works_with_the_outputs_alone", AGAIN, f"{SERVICES}::{ONLY}")
EVENTS = of("e2e/test_events.py", "test_a_published_event_arrives_in_the_table", AGAIN, f"{SERVICES}::{ONLY}")
KEPT = of("e2e/test_quickstart.py", "test_the_service_uses_what_terraform_made", AGAIN, f"{MODULES}::{ONLY}",
          "test_destroy_leaves_what_is_to_be_kept_then_nothing")
MACHINES = of("e2e/test_hybrid_bank.py", "test_the_fleet_is_the_hosts_that_the_cloud_names", SAME, f"{MODULES}::{ONLY}",
              "test_destroy_leaves_nothing_in_the_cloud")
STACK = of(CLOUD, "test_the_service_has_its_copies_its_volume_and_its_door", SAME, "test_a_change_is_made_in_place")
ON_HOSTS = of(CONTAINERS, "test_both_copies_answer_through_the_gateway", SAME, "test_another_image_is_delivered_in_place",
              "test_removal_leaves_nothing_but_the_data")
DOOR = of(EDGE, "test_the_door_answers_on_every_host", "test_a_second_plan_is_empty_and_nothing_has_drifted",
          "test_a_host_is_taken_out_and_a_page_changed")
RUNS = {
    ("webservice", "aws"): STACK,
    ("webservice", "hosts"): ON_HOSTS,
    ("worker", "aws"): of(PROGRAMS, "test_a_program_gets_what_it_asked_for", SECOND, ONLY),
    ("worker", "hosts"): of(KUBEVELA, "test_the_sidecar_reads_what_the_worker_writes", EMPTY,
                            "test_a_worker_is_changed_in_place_and_a_daemon_joins_on_every_host", "test_nothing_is_left"),
    ("daemon", "hosts"): of(KUBEVELA, *["test_a_worker_is_changed_in_place_and_a_daemon_joins_on_every_host"] * 3, "test_nothing_is_left"),
    ("task", "aws"): of(CLOUD, JOBS_RUN, SAME, f"{PROGRAMS}::{ONLY}"),
    ("task", "hosts"): of(CONTAINERS, "test_both_copies_answer_through_the_gateway", SAME,
                          *[f"{JOBS}::test_a_task_runs_once_for_what_it_is_made_of"] * 2),
    ("cron-task", "aws"): of(CLOUD, JOBS_RUN, SAME, f"{PROGRAMS}::{ONLY}"),
    ("cron-task", "hosts"): of(CONTAINERS, "test_both_copies_answer_through_the_gateway", SAME, *[f"{JOBS}::test_a_timer"] * 2),
    ("static-site", "aws"): of(FRONT, "test_the_site_is_the_folder", EMPTY, IN_PLACE),
    ("static-site", "hosts"): DOOR,
    ("postgres", "aws"): replace(STORES, changed=f"{MODULES}::test_database_grows_and_is_upgraded_in_place"),
    ("postgres", "hosts"): SERVER,
    ("mysql", "aws"): STORES,
    ("mysql", "hosts"): SERVER,
    ("cache", "aws"): replace(STORES, changed="e2e/test_stores.py::test_a_change_is_made_in_place"),
    ("cache", "hosts"): SERVER,
    ("broker", "aws"): STORES,
    ("broker", "hosts"): SERVER,
    ("queue", "aws"): KEPT,
    ("topic", "aws"): EVENTS,
    ("table", "aws"): KEPT,
    ("bucket", "aws"): KEPT,
    ("function", "aws"): of("e2e/test_events.py", "test_the_function_answers", AGAIN, "test_new_code_changes_the_function_only"),
    ("filesystem", "aws"): replace(STORES, made="e2e/test_stores.py::test_a_program_gets_urls_with_passwords_in_them"),
    ("filesystem", "hosts"): of("integration/test_share_hosts.py", *["test_each_serves_files_over_the_network"] * 2,
                                "test_it_is_changed_in_place_and_what_is_in_it_stays", "test_it_goes_only_when_that_is_allowed_by_name"),
    ("secret", "aws"): of(FRONT, "test_the_secret_is_in_the_cloud_and_in_no_output", EMPTY, f"{PROGRAMS}::{ONLY}"),
    ("secret", "hosts"): of(SMALL, *["test_a_secret"] * 4),
    ("certificate", "aws"): of(FRONT, "test_the_name_leads_to_it_and_the_certificate_is_issued", EMPTY,
                               "ACM makes another certificate of other names, and the rest of a certificate can't be changed"),
    ("certificate", "hosts"): of(SMALL, *["test_a_certificate_of_our_own_authority"] * 4),
    ("dns-record", "aws"): of(FRONT, "test_the_name_leads_to_it_and_the_certificate_is_issued", EMPTY, f"{PROGRAMS}::{ONLY}"),
    ("dns-record", "hosts"): of(SMALL, *["test_a_name"] * 4),
    ("gateway", "aws"): of(PROGRAMS, "test_the_load_balancer_knows_hosts_paths_and_parts", SECOND, ONLY),
    ("gateway", "hosts"): DOOR,
    ("network", "aws"): MACHINES,
    ("vm", "aws"): of(FRONT, "test_machines_stand_behind_the_load_balancer", EMPTY, IN_PLACE),
    ("host-baseline", "hosts"): of("integration/test_baseline_hosts.py", "test_everything_at_once", "test_a_new_user_comes_in",
                                   "test_changes_and_drift", "test_removal_gives_the_host_back"),
    ("terraform-module", "terraform"): of(OWN, "test_outputs_pass_from_modules_to_playbooks", EMPTY, "test_a_module_is_changed_in_place",
                                          ENDED),
    ("ansible-playbook", "hosts"): of(OWN, "test_outputs_pass_from_modules_to_playbooks", EMPTY, "test_a_changed_role_is_delivered",
                                      ENDED),
}
RUNS |= {("statefulset", needs): RUNS["webservice", needs] for needs in ("aws", "hosts")}
"""Type and kind of target to the tests that ran it there. `existing` makes nothing; a statefulset is a webservice."""


def test_no_implementation_is_missing() -> None:
    catalog = Catalog(library_folder())
    found = {name: catalog.component(name) for name in catalog.component_names()}
    there = {(name, one.needs) for name, definition in found.items() if definition for one in definition.implementations if one.needs != "existing"}
    assert there == RUNS.keys()


@pytest.mark.parametrize("where", sorted({test for runs in RUNS.values() for test in vars(runs).values() if TOLD.fullmatch(test)}))
def test_each_is_a_test(where: str) -> None:
    assert function(where), where


@pytest.mark.parametrize("where", sorted({runs.gone for runs in RUNS.values()}))
def test_what_destroys_looks_afterwards(where: str) -> None:
    found = function(where)
    assert found
    nodes = list(ast.walk(found))
    removed = [node.lineno for node in nodes if isinstance(node, ast.Constant) and re.search(r"(destroy|/remove)$", str(node.value))]
    looked = [node.lineno for node in nodes if isinstance(node, ast.Assert)]
    assert removed and looked and max(looked) > min(removed), where


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """The tests of one module."""
    return {node.name: node for node in ast.parse((TESTS / path).read_text()).body if isinstance(node, ast.FunctionDef)}


def function(where: str) -> ast.FunctionDef | None:
    """One test, if it is there."""
    path, _, name = where.partition("::")
    return functions(path).get(name)
