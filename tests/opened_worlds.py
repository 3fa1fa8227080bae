"""A world as a workspace: what use cases of the pipelines need, over people, versions and decisions that are quick."""

import shutil

from worlds import World

from pipelines.bootstrap import Workspace, open_workspace
from pipelines.settings import STANDARD


def opened(world: World, settings: str = STANDARD) -> Workspace:
    """Lay a workspace's keys and settings around a world, and open it by the world's clock."""
    keys = world.root / "keys"
    keys.mkdir(exist_ok=True, mode=0o700)
    shutil.copy(world.root / "log.pem", keys / "ledger.pem")
    (keys / "pseudonym.key").write_bytes(bytes(range(32)))
    (world.root / "overread.toml").write_text(settings)
    return open_workspace(world.root, world.clock)
