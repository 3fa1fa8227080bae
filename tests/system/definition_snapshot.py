"""What the Dagster code location automates, as data: `python tests/system/definition_snapshot.py > …json` renews it."""

import json
import sys
from typing import Any

import dagster as dg


def snapshot(defs: dg.Definitions) -> dict[str, Any]:
    """Return keys, dependencies, groups, checks, partitions, backfills, conditions, pools, retries, jobs, sensors."""
    assets = [asset for asset in defs.assets or () if isinstance(asset, dg.AssetsDefinition)]
    graph = defs.resolve_asset_graph()
    return {
        "assets": {asset.key.to_user_string(): _asset(asset, graph) for asset in assets},
        "checks": sorted(key.to_user_string() for key in graph.asset_check_keys),
        "blocking_checks": sorted(key.to_user_string() for key in graph.asset_check_keys if graph.get(key).blocking),
        "jobs": {job.name: _job(job) for job in defs.resolve_all_job_defs() if not job.name.startswith("__")},
        "schedules": sorted(schedule.name for schedule in defs.schedules or ()),
        "sensors": {sensor.name: _sensor(sensor) for sensor in defs.sensors or ()},
        "resources": sorted(defs.resources or ()),
    }


def _asset(asset: dg.AssetsDefinition, graph: Any) -> dict[str, Any]:
    node, op = graph.get(asset.key), asset.op
    retry, backfill, condition = op.retry_policy, node.backfill_policy, node.automation_condition
    return {
        "group": node.group_name,
        "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
        "partitions": None if node.partitions_def is None else str(node.partitions_def),
        "backfill": None if backfill is None else str(backfill.policy_type.value),
        "condition": None if condition is None else condition.get_label() or str(condition),
        "pool": op.pool,
        "retries": None if retry is None else _retries(retry),
    }


def _retries(policy: dg.RetryPolicy) -> str:
    growth = "steady" if policy.backoff is None else policy.backoff.value.lower()
    return f"{policy.max_retries} after {policy.delay} s, {growth}"


def _job(job: dg.JobDefinition) -> dict[str, Any]:
    nodes = sorted(node.name for node in job.nodes)
    partitions = None if job.partitions_def is None else str(job.partitions_def)
    return {"steps": nodes, "partitions": partitions, "executor": job.executor_def.name}


def _sensor(sensor: Any) -> dict[str, Any]:
    return {
        "status": sensor.default_status.value,
        "interval": sensor.minimum_interval_seconds,
        "targets": sorted(target.job_name for target in sensor.targets),
    }


def text_of(found: dict[str, Any]) -> str:
    """Return the snapshot's text."""
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    from pipelines.definitions import defs

    sys.stdout.write(text_of(snapshot(defs)))
