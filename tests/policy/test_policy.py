"""What a policy file may say, and what is said about a wrong one."""

from pathlib import Path

import pytest

from tests.policy.conftest import POLICY, TOOLS
from voicecore.errors import ConfigError
from voicecore.policy import Policy, load_policy

BILLING = Path(__file__).parents[2] / "voicecore" / "examples" / "billing"


def complaint(old: str, new: str) -> ConfigError:
    assert old in POLICY
    with pytest.raises(ConfigError) as caught:
        Policy.parse(POLICY.replace(old, new, 1), TOOLS, "agents/mine")
    return caught.value


def test_a_policy_is_read(policy: Policy) -> None:
    assert sorted(policy.rules) == ["look", "pay", "verify"]
    assert list(policy.limits_of("pay")) == ["a-call", "a-customer"]
    assert list(policy.rules["pay"].needs) == [
        "args.cents",
        "args.customer",
        "identity.customer",
        "identity.verified",
        "risk.score",
        "time.hour",
    ]
    assert Policy.parse(POLICY, TOOLS).digest == policy.digest
    assert Policy.parse(POLICY + "# more\n", TOOLS).digest != policy.digest


@pytest.mark.parametrize(
    ("old", "new", "field", "what"),
    [
        ("args.cents\n", "args.cent\n", "rules.pay.amount", "unknown value 'args.cent'"),
        ("amount > 300", "amount", "rules.pay.approve", "is of kind integer, must be boolean"),
        ("risk.score < 0.5", "risk.score < 1", "rules.pay.when.1", "mixes number and integer"),
        ("time.hour >= 8", "time.hour >= '8'", "rules.pay.when.1", "mixes integer and string"),
        ("time.hour >= 8", "amount >", "rules.pay.when.1", "ends too early"),
        ("result.accepted", "result.done", "rules.pay.effective", "unknown value 'result.done'"),
        ("result.accepted", "identity.verified", "rules.pay.effective", "unknown value"),
        ("minimum: 1", "minimun: 1", "rules.pay.arguments.cents", "unknown keyword 'minimun'"),
        ("minimum: 1", "minimum: one", "rules.pay.arguments.cents", "not of type"),
        ("minimum: 1", "$ref: 'http://x/y'", "rules.pay.arguments.cents", "unknown keyword '$ref'"),
        ("{cents: {min", "{cent: {min", "rules.pay.arguments.cent", "unknown argument 'cent'"),
        ("  verify: {}\n", "  verify: {}\n  wipe: {}\n", "rules.wipe", "at least one limit must count it"),
        ("  verify: {}\n", "  verify: {}\n  cook: {}\n", "rules.cook", "unknown tool 'cook'"),
        ("tools: [pay], per: call,", "tools: [cook], per: call,", "limits.a-call.tools.0", "unknown rule"),
        ("verified: verified", "verified: okay", "identity.verified", "returns no boolean"),
        ("tool: verify", "tool: cook", "identity.tool", "unknown tool"),
        ("customer: customer}", "customer: name}", "identity.customer", "takes no string"),
    ],
)
def test_a_fault_names_file_line_and_field(old: str, new: str, field: str, what: str) -> None:
    found = complaint(old, new)
    assert found.code == "bad-policy"
    assert found.facts["field"] == field
    text = POLICY.replace(old, new, 1)
    assert f"agents/mine/policy.yaml:{found.facts['line']}: {field}:" in str(found)
    assert what in str(found)
    last = field.rsplit(".", maxsplit=1)[-1]
    line = text.splitlines()[int(str(found.facts["line"])) - 1]
    assert last.isdigit() or f"{last}:" in line


def test_all_faults_are_told_at_once() -> None:
    text = POLICY.replace("risk.score < 0.5", "risk.size < 1").replace("amount > 300", "1 +")
    with pytest.raises(ConfigError) as caught:
        Policy.parse(text, TOOLS)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("amount: 800, count: 3", "colour: red", "limits.a-call.colour"),
        (", amount: 1000", "", "limits.a-customer"),
        ("amount: 800", "amount: 8.5", "limits.a-call.amount"),
        ("amount: 800", "amount: -1", "limits.a-call.amount"),
        ("per: call", "per: month", "limits.a-call.per"),
        ("risk.score: number", "identity.verified: boolean", "facts.identity.verified"),
    ],
)
def test_the_schema_is_kept(old: str, new: str, field: str) -> None:
    found = complaint(old, new)
    assert (found.code, found.facts["field"]) == ("bad-field", field)


def test_limits_of_customers_need_an_identity() -> None:
    text = POLICY.replace("identity: {tool: verify, verified: verified, customer: customer}\n", "")
    with pytest.raises(ConfigError, match="needs an identity section"):
        Policy.parse(text, TOOLS)


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_policy(tmp_path)
    assert caught.value.code == "no-such-file"


def test_the_example_covers_all_its_tools() -> None:
    policy = load_policy(BILLING)
    assert policy.rules.keys() == policy.shapes.keys()
