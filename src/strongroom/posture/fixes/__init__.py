"""Every fix, listed once: what mends the findings of a check where that can be done by editing manifests."""

from __future__ import annotations

from strongroom.posture.fixes import (
    api_server,
    bindings,
    command_word,
    configmap_value,
    deployer,
    env_literal,
    env_to_file,
    grafana,
    legacy_token,
    metadata_value,
    missing_secret,
    namespace_policies,
    own_service_account,
    profiling,
    pull_secret,
    refresh_interval,
    secret_by_subpath,
    secret_labels,
    secret_volume_mode,
    store_conditions,
    store_identity,
    token_automounted,
    unneeded_rights,
    unused_secret,
    whole_secret,
)
from strongroom.posture.fixes.fix import Fix

FIXES: tuple[Fix, ...] = (
    configmap_value.FIX,
    env_literal.FIX,
    command_word.FIX,
    metadata_value.FIX,
    whole_secret.FIX,
    env_to_file.FIX,
    secret_volume_mode.FIX,
    secret_by_subpath.FIX,
    own_service_account.FIX,
    token_automounted.FIX,
    secret_labels.FIX,
    namespace_policies.FIX,
    store_conditions.FIX,
    refresh_interval.FIX,
    bindings.FIX,
    grafana.FIX,
    store_identity.FIX,
    pull_secret.FIX,
    api_server.FIX,
    profiling.FIX,
    missing_secret.FIX,
    unused_secret.FIX,
    legacy_token.FIX,
    deployer.FIX,
)
"""In the order in which they are made: what moves values comes first."""

EVERY: tuple[Fix, ...] = (*FIXES, unneeded_rights.FIX)
"""With what is made last, of roles that nothing else made smaller."""
