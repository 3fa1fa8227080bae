"""The reference page's example of stop rules is a plan."""

import re
import tomllib
from pathlib import Path

from registry.domain.plan import plan_from

SIGNALS = Path(__file__).parents[2] / "docs/reference/signals.md"


def test_the_example_of_stop_rules_is_a_part_of_a_plan() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", SIGNALS.read_text(), re.MULTILINE | re.DOTALL)
    family, own = plan_from(tomllib.loads(block)["monitoring"]).stops
    assert (family.rule.cause, family.rule.days) == ("label,model,site", 14)
    assert (own.model, own.rule.resumer) == ("lesion-visible", "quality officer")
