"""Errors of the agent.

AgentError
├── ConfigErrors       the configuration file is wrong; `errors` lists every place
├── FactsUnavailable   facts.db cannot be opened where the configuration says
│   ├── StateInUse     another agent runs on this state folder
│   └── DiskFailed     the disk refused a read or a write; what was to be stored was not
├── FactsCorrupt       facts.db turned out to be damaged while in use; it is quarantined at the next start
├── FactTooLarge       more than one MQTT message may hold; it will never fit
└── OutboxFull         the disk or the file is at its limit: what was to be stored was not; tell the person
"""

from __future__ import annotations


class AgentError(Exception):
    """Base; `code` is stable, the message says what happened and what to do."""

    code = "agent_error"


class ConfigErrors(AgentError):
    """All that is wrong with a configuration file, one sentence each, each beginning with its key path."""

    code = "config"

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


class FactsUnavailable(AgentError):
    code = "facts_unavailable"


class StateInUse(FactsUnavailable):
    code = "state_in_use"


class DiskFailed(FactsUnavailable):
    code = "disk_failed"


class FactsCorrupt(AgentError):
    code = "facts_corrupt"


class FactTooLarge(AgentError):
    code = "fact_too_large"


class OutboxFull(AgentError):
    code = "outbox_full"
