"""The JSON Schema of plan files, against a validator that knows nothing of us."""

import json

import jsonschema
import pytest

from glidepath.plan import files
from glidepath.plan.files.format import schema
from glidepath.plan.quantities import QUANTITIES
from tests.conformance.registry import PLANS

VALIDATOR = jsonschema.Draft202012Validator(schema())
VALID = {"phase": [{"name": "a", "for": 3, "lr": 1.0}]}


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_s_file_is_valid(name):
    VALIDATOR.validate(json.loads(files.dumps(PLANS[name], kind="json")))


@pytest.mark.parametrize(
    "phase",
    [
        {"name": "a", "lr": 1.0},
        {"name": "a", "for": 3, "lr": "1e-3"},
        {"name": "a", "for": 3, "lr": True},
        {"name": "a", "for": 3, "at": "middle", "lr": 1.0},
        {"name": "a", "for": 3, "lr": {"shape": "linear", "from": 0}},
        {"name": "a", "for": 3, "lr": {"shape": "linear", "from": 0, "to": 1, "too": 2}},
        {"name": "a", "for": 3, "lr": {"shape": "lineer", "from": 0, "to": 1}},
        {"name": "a", "for": 3, "lr": {"repeat": {"shape": "linear", "from": 0}}},
        {"name": "a", "for": 3, "lr": 1.0, "until": {"plateau": "loss"}},
    ],
)
def test_what_we_refuse_it_refuses(phase):
    table = {"phase": [phase]}
    assert not VALIDATOR.is_valid(table)
    with pytest.raises(files.PlanFileError):
        files.loads(json.dumps(table), kind="json")


def test_a_file_may_name_the_schema_for_its_editor():
    table = VALID | {"$schema": "plan.schema.json"}
    assert VALIDATOR.is_valid(table)
    assert files.loads(json.dumps(table), kind="json").total_steps == 3
    assert files.loads('"$schema" = "x"\n[[phase]]\nname = "a"\nfor = 3\nlr = 1').total_steps == 3


def test_it_names_every_quantity_with_its_meaning():
    for properties in (schema()["properties"], schema()["$defs"]["Phase"]["properties"]):
        for name, quantity in QUANTITIES.items():
            assert properties[name]["description"] == quantity.meaning
    assert VALIDATOR.is_valid(VALID | {"weight_decay": 0.1})
