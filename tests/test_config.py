"""The policy file: what it may say, and that a hostile one is refused in bounded time with a reason."""

import datetime
import os
import re
import time
from pathlib import Path

import pytest

from backstay.config import ConfigError, Origin, describe, find_policy, load_policy, to_toml
from backstay.model import Policy
from backstay.model.policy import Allow, Context, Waiver

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"

FULL = """
fail-on = "medium"
exclude = ["legacy/", "*.generated.py"]
include-vendored = true

[allow]
providers = ["openai", "anthropic"]
mcp-servers = ["github*"]

[severity]
model-without-card = "off"
unpinned-model = "high"

[[context]]
path = "services/payments/"
owner = "payments"
criticality = "tier1"
exposure = "internet"
data = "regulated"
environment = "production"

[[waivers]]
rule = "unpinned-model"
path = "research/**"
asset = "bert-*"
reason = "experiments only"
expires = 2027-01-31
owner = "ana"
"""


def write(folder: Path, text: str, name: str = "backstay.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, FULL)) == Policy(
        fail_on="medium",
        exclude=("legacy/", "*.generated.py"),
        include_vendored=True,
        allow=Allow(providers=("openai", "anthropic"), mcp_servers=("github*",)),
        severity={"model-without-card": "off", "unpinned-model": "high"},
        context=(
            Context(
                path="services/payments/",
                owner="payments",
                criticality="tier1",
                exposure="internet",
                data="regulated",
                environment="production",
            ),
        ),
        waivers=(
            Waiver(
                rule="unpinned-model",
                path="research/**",
                asset="bert-*",
                reason="experiments only",
                expires=datetime.date(2027, 1, 31),
                owner="ana",
            ),
        ),
    )


def test_underscores_are_as_good_as_hyphens(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, FULL.replace("fail-on", "fail_on").replace("mcp-servers", "mcp_servers"))) == (
        load_policy(write(tmp_path, FULL, "other.toml"))
    )


def test_a_key_given_in_both_spellings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fail-on is given twice"):
        load_policy(write(tmp_path, 'fail-on = "low"\nfail_on = "high"'))


def test_a_policy_written_out_reads_back_the_same(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, FULL))
    assert load_policy(write(tmp_path, to_toml(policy))) == policy
    odd = Policy(exclude=('a"b\\c\x7fé', "x\ty"), severity={"a b": "low"}, context=(Context(),))
    assert load_policy(write(tmp_path, to_toml(odd))) == odd
    assert to_toml(Policy()) == ""


def test_the_documented_policies_load(tmp_path: Path) -> None:
    blocks = re.findall(r"^```toml (\S+)\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.M | re.S)
    assert {name for name, _ in blocks} == {"backstay.toml", "pyproject.toml"}
    for name, text in blocks:
        assert load_policy(write(tmp_path, text, name)) != Policy(), name


def test_every_key_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for struct in (Policy, Allow, Context, Waiver):
        for name in struct.__struct_encode_fields__:
            assert f"`{name}`" in text, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fail_onn = "low"', "unknown key `fail-onn`; did you mean `fail-on`? (allowed: allow, context, exclude"),
        ("[allow]\nprovider = []", "unknown key `provider` in [allow]; did you mean `providers`?"),
        ('[[waivers]]\nrule = "a"\nreason = "b"\nuntil = 2027-01-01', "unknown key `until` in [[waivers]] number 1"),
        ('[[waivers]]\nrule = "a"', "waivers[0]: lacks `reason`"),
        ('[[waivers]]\nrule = "a"\nreason = " "', "`rule` and `reason` must not be empty"),
        ('[[waivers]]\nrule = "a"\nreason = "b"\nexpires = 2027-01-01T00:00:00', "expected a date such as"),
        ('[[waivers]]\nrule = "a"\nreason = "b"\nexpires = "soon"', "expected a date such as"),
        ('[[context]]\nexposure = "world"', "context[0].exposure: must be one of internet, internet-authenticated"),
        ('fail-on = "severe"', "fail-on: must be one of critical, high"),
        ('exclude = "x"', "exclude: expected a list, got text"),
        ("exclude = [[1]]", "exclude[0]: expected text, got a list"),
        ("waivers = 3", "waivers: expected a list, got a number"),
        ("context = [1]", "context[0]: expected a table, got a number"),
        ('[severity]\nunpinned-model = "hgih"', "severity.unpinned-model: must be one of critical, high"),
        ("[severity]\nunpinned-model = []", "severity.unpinned-model: must be one of"),
        ("severity = 1", "severity: expected a table, got a number"),
        ('exclude = ["!keep"]', "`!keep` is not a path pattern"),
        ('exclude = [""]', "a pattern must not be empty"),
        ("a = ", "is not valid TOML"),
        ("a = 1" + "1" * 1900, "unknown key `a`"),
        ("a = " + "[" * 1900, "is nested too deeply"),
        ("a = [\n" + "[\n" * 60_000, "is nested too deeply"),
        (".".join("a" * 60_000) + " = 1", "has a line longer than"),
        ("#" + "x" * 1000 + "\n" + "#y\n" * 100_000, "larger than 256 KiB"),
        ("exclude = [" + "'x',\n" * 1001 + "]", "exclude has more than 1000 entries"),
        ("[allow]\nmodels = [" + "'x',\n" * 1001 + "]", "allow.models has more than 1000 entries"),
        ("[[waivers]]\nrule='a'\nreason='b'\n" * 1001, "waivers has more than 1000 entries"),
        (f"exclude = ['{'x' * 301}']", "a pattern is longer than 300 characters"),
        (f"exclude = ['{'a*' * 11}']", "has more than 10 wildcards"),
        (f"[[waivers]]\nrule='a'\nreason='b'\nasset='{'?' * 11}'", "has more than 10 wildcards"),
        (f"[[waivers]]\nrule='a'\nreason='{'b' * 1001}'", "a text is longer than 1000 characters"),
        ('"a\\u001b[31mb" = 1', "unknown key `a\\x1b[31mb`"),
        ('"a\\nb" = 1', "unknown key `a\\nb`"),
        ("a\x1b = 1", "is not valid TOML"),
    ],
)
def test_a_bad_policy_is_refused_with_the_key_and_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_policy(write(tmp_path, text))
    assert str(caught.value).startswith("backstay.toml: ")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert time.process_time() - started < 3


def test_the_slowest_keys_that_fit_the_bounds_stay_cheap(tmp_path: Path) -> None:
    lines = "\n".join(".".join([f"a{number}", *"b" * 990]) + " = 1" for number in range(130))
    started = time.process_time()
    with pytest.raises(ConfigError):
        load_policy(write(tmp_path, lines))
    assert time.process_time() - started < 15


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "backstay.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_policy(path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_policy(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_policy(tmp_path)


def test_the_nearest_policy_counts(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    assert find_policy(root) == (Policy(), Origin("built-in defaults"))
    write(root, '[tool.backstay]\nfail-on = "low"', "pyproject.toml")
    assert find_policy(root) == (Policy(fail_on="low"), Origin("pyproject.toml [tool.backstay]", repository=True))
    write(root, 'fail-on = "high"')
    assert find_policy(root) == (Policy(fail_on="high"), Origin("backstay.toml", repository=True))
    mine = write(tmp_path, 'fail-on = "info"', "mine.toml")
    assert find_policy(root, mine) == (Policy(fail_on="info"), Origin(str(mine), ignored="backstay.toml"))


def test_a_distrusted_tree_brings_no_policy(tmp_path: Path) -> None:
    write(tmp_path, "this is an attack [")
    policy, origin = find_policy(tmp_path, trust_repo=False)
    assert (policy, origin.ignored) == (Policy(), "backstay.toml")
    assert describe(policy, origin) == ("the scanned tree's own backstay.toml was not used",)


def test_a_pyproject_that_does_not_speak_of_us_is_not_parsed(tmp_path: Path) -> None:
    write(tmp_path, "broken [", "pyproject.toml")
    assert find_policy(tmp_path)[0] == Policy()
    write(tmp_path, "[tool.backstay", "pyproject.toml")
    with pytest.raises(ConfigError, match=re.escape("pyproject.toml: is not valid TOML")):
        find_policy(tmp_path)


@pytest.mark.parametrize("text", ["tool = 1 # backstay", "[tool]\nother = 1 # backstay"])
def test_a_pyproject_without_our_table_has_the_default_policy(tmp_path: Path, text: str) -> None:
    assert load_policy(write(tmp_path, text, "pyproject.toml")) == Policy()


def test_a_pyproject_with_no_table_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a table"):
        load_policy(write(tmp_path, "[tool]\nbackstay = 1", "pyproject.toml"))


def test_a_policy_that_is_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "backstay.toml").symlink_to(write(tmp_path, 'fail-on = "low"', "outside.toml"))
    with pytest.raises(ConfigError, match="link that leaves the scanned folder"):
        find_policy(root)


def test_a_pipe_named_like_a_policy_is_no_policy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "backstay.toml")
    assert find_policy(tmp_path) == (Policy(), Origin("built-in defaults"))


def test_what_a_policy_does_is_said(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, FULL))
    assert describe(policy, Origin("backstay.toml", repository=True)) == (
        "policy from backstay.toml: 1 waiver, 1 rule switched off, 1 severity changed, 2 excluded patterns, "
        "vendored trees included, 1 context, 3 allowed names, fails on medium",
    )
    assert describe(Policy(), Origin("built-in defaults")) == ()


def test_a_pyproject_that_merely_mentions_us_brings_no_policy(tmp_path: Path) -> None:
    for text in ('[project]\nname = "backstay"', "backstay is broken [", '[tool.other]\nx = "backstay"'):
        write(tmp_path, text, "pyproject.toml")
        assert find_policy(tmp_path) == (Policy(), Origin("built-in defaults")), text
    write(tmp_path, '[tool]\nbackstay.fail-on = "low"', "pyproject.toml")
    assert find_policy(tmp_path)[0] == Policy(fail_on="low")
