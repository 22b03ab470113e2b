-- +goose Up
CREATE TABLE run (
  id               TEXT PRIMARY KEY,
  kind             TEXT NOT NULL,
  owner_id         TEXT NOT NULL DEFAULT '',
  workspace_id     TEXT NOT NULL DEFAULT '',
  -- At most one unfinished run exists per (kind, active_key); NULL when finished or unkeyed.
  active_key       TEXT,
  state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted')),
  waiting_for      TEXT NOT NULL DEFAULT '' CHECK (waiting_for IN ('', 'approval', 'input', 'resource')),
  input            TEXT NOT NULL DEFAULT '{}',
  cursor           TEXT NOT NULL DEFAULT '',
  progress         TEXT NOT NULL DEFAULT '',
  error_code       TEXT NOT NULL DEFAULT '',
  error_message    TEXT NOT NULL DEFAULT '',
  attempt          BIGINT NOT NULL DEFAULT 0,
  cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
  last_seq         BIGINT NOT NULL DEFAULT 0,
  lease_owner      TEXT NOT NULL DEFAULT '',
  lease_expires_at BIGINT NOT NULL DEFAULT 0,
  run_after        BIGINT NOT NULL DEFAULT 0,
  created_at       BIGINT NOT NULL,
  started_at       BIGINT,
  ended_at         BIGINT,
  updated_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX run_active ON run (kind, active_key) WHERE active_key IS NOT NULL;
CREATE INDEX run_claimable ON run (kind, state, run_after);
CREATE INDEX run_leased ON run (state, lease_expires_at);
CREATE INDEX run_workspace ON run (workspace_id, created_at);
CREATE INDEX run_owner ON run (owner_id, created_at);

CREATE TABLE run_event (
  run_id  TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  seq     BIGINT NOT NULL,
  type    TEXT NOT NULL,
  payload TEXT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (run_id, seq)
);

-- +goose Down
DROP TABLE run_event;
DROP TABLE run;
