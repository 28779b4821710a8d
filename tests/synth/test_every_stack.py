"""What holds in every stack: of the specs in config/, and of one with everything on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template


@pytest.fixture(scope="module")
def templates(
    context: dict[str, Any], make_every_stack: Callable[[App], list[Stack]]
) -> dict[str, dict[str, Any]]:
    """Resources of each stack by logical id, by the stack's name."""
    return {
        stack.stack_name: Template.from_stack(stack).to_json()["Resources"]
        for stack in make_every_stack(App(context=context))
    }


def find(templates: dict[str, dict[str, Any]], *types: str) -> Iterator[tuple[str, Any]]:
    """Properties of the resources whose type begins so, each with its place."""
    for name, resources in templates.items():
        for logical_id, resource in resources.items():
            if resource["Type"].startswith(types):
                yield f"{name}/{logical_id}", resource["Properties"]


def test_every_custom_resource_times_out_within_the_hour(
    templates: dict[str, dict[str, Any]],
) -> None:
    """CloudFormation waits an hour for one whose handler is dead, and no longer."""
    resources = dict(find(templates, "Custom::", "AWS::CloudFormation::CustomResource"))

    assert dict.fromkeys(resources, "3600") == {
        place: properties.get("ServiceTimeout") for place, properties in resources.items()
    }
    assert len(templates) == 9
    assert len(resources) > 9 * 4


def test_every_function_writes_into_a_log_group_of_its_stack_that_forgets(
    templates: dict[str, dict[str, Any]],
) -> None:
    """The provider framework's too."""
    days = {
        place: templates[place.partition("/")[0]][properties["LoggingConfig"]["LogGroup"]["Ref"]][
            "Properties"
        ]["RetentionInDays"]
        for place, properties in find(templates, "AWS::Lambda::Function")
    }

    assert dict.fromkeys(days, 90) == days
    assert len(days) == 9 * 2 * 5 + 3 * 2  # three stacks export mailboxes


def test_no_log_group_keeps_for_ever(templates: dict[str, dict[str, Any]]) -> None:
    kept = [
        place
        for place, properties in find(templates, "AWS::Logs::LogGroup")
        if properties.get("RetentionInDays") is None
    ]

    assert [] == kept


def test_no_state_machine_writes_a_log(templates: dict[str, dict[str, Any]]) -> None:
    """What a waiter passes on holds CloudFormation's signed URL; what exports has the journal."""
    machines = dict(find(templates, "AWS::StepFunctions::StateMachine"))

    assert len(machines) == 9 * 2 + 3
    assert [] == [place for place, each in machines.items() if "LoggingConfiguration" in each]
