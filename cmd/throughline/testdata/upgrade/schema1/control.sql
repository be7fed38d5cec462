CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE, -- trimmed, lower case
    password_hash TEXT    NOT NULL,        -- argon2id
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'lead', 'viewer')),
    lang          TEXT    NOT NULL DEFAULT '',
    theme         TEXT    NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL
) STRICT;
CREATE TABLE setup_token (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    hash       BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
    token      TEXT    PRIMARY KEY, -- hashed by the session manager
    data       BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE connections (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL UNIQUE,
    kind           TEXT    NOT NULL,
    every_ms       INTEGER NOT NULL,
    settings       TEXT    NOT NULL,
    -- Counts changes of settings and secrets: a sync that began before one
    -- must not leave its cursor behind.
    revision       INTEGER NOT NULL DEFAULT 1,
    provisioned    INTEGER NOT NULL DEFAULT 0,
    paused_code    TEXT    NOT NULL DEFAULT '',
    paused_message TEXT    NOT NULL DEFAULT '',
    paused_at      INTEGER NOT NULL DEFAULT 0,
    next_run_at    INTEGER NOT NULL DEFAULT 0, -- 0: at once
    failures       INTEGER NOT NULL DEFAULT 0, -- in a row
    cursor         TEXT,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE TABLE connection_secrets (
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    sealed        BLOB    NOT NULL,
    PRIMARY KEY (connection_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE syncs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    revision      INTEGER NOT NULL, -- of the connection, when the sync began
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER NOT NULL DEFAULT 0,
    state         TEXT    NOT NULL CHECK (state IN ('running', 'done', 'problems', 'failed', 'paused', 'interrupted')),
    progress      TEXT    NOT NULL DEFAULT '{}',
    progress_at   INTEGER NOT NULL DEFAULT 0, -- when it was last saved
    inserted      INTEGER NOT NULL DEFAULT 0,
    updated       INTEGER NOT NULL DEFAULT 0,
    unchanged     INTEGER NOT NULL DEFAULT 0,
    gone          INTEGER NOT NULL DEFAULT 0,
    problems      INTEGER NOT NULL DEFAULT 0, -- all, also those not kept
    error         TEXT    NOT NULL DEFAULT '',
    phrase        TEXT    NOT NULL DEFAULT '{}', -- JSON: the error in the message catalogue
    retry_at      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE sync_problems (
    id      INTEGER PRIMARY KEY,
    sync_id INTEGER NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
    record  TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    message TEXT    NOT NULL,
    phrase  TEXT    NOT NULL -- JSON: the message in the message catalogue
) STRICT;
CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL UNIQUE,
    hash         BLOB    NOT NULL UNIQUE, -- SHA-256
    scopes       TEXT    NOT NULL,
    connection   TEXT    NOT NULL DEFAULT '',
    provisioned  INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE calendars (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    from_date    TEXT    NOT NULL, -- YYYY-MM-DD, '' for the beginning of time
    zone         TEXT    NOT NULL,
    workdays     TEXT    NOT NULL,
    hours        TEXT    NOT NULL,
    holidays     TEXT    NOT NULL,
    days_off     TEXT    NOT NULL,
    working_days TEXT    NOT NULL,
    provisioned  INTEGER NOT NULL DEFAULT 0,
    UNIQUE (name, from_date)
) STRICT;
CREATE TABLE workflow (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    body        TEXT    NOT NULL,
    provisioned INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE settings_version (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    user_id INTEGER, -- none: the program itself or its provisioning file
    action  TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    before  TEXT, -- JSON without secrets
    after   TEXT
) STRICT;
INSERT INTO goose_db_version VALUES (1,0,1,'2026-11-21 03:48:15');
INSERT INTO goose_db_version VALUES (2,1,1,'2026-11-21 03:48:15');
INSERT INTO sqlite_sequence VALUES ('goose_db_version',2);
INSERT INTO sqlite_sequence VALUES ('api_tokens',1);
INSERT INTO sqlite_sequence VALUES ('audit_log',6);
INSERT INTO sqlite_sequence VALUES ('users',1);
INSERT INTO sqlite_sequence VALUES ('calendars',2);
INSERT INTO sqlite_sequence VALUES ('connections',1);
INSERT INTO sqlite_sequence VALUES ('syncs',1);
INSERT INTO users VALUES (1,'lead@example.com','$argon2id$v=19$m=19456,t=2,p=1$VHwkxrTTskn01WJhbRNthQ$k3GkxiYYf9VMlzm5tk2IiNVUu8jcG2PYZ+W0oGlEdZI','admin','','',1795232896088);
INSERT INTO connections VALUES (1,'tracker','tracker',3600000,'{"base_url":"http://127.0.0.1:37321","initial_range":"200w","org_id":"1"}',1,0,'','',0,4102444800000,0,'{"version":1,"since":"2026-02-28T07:15:41.464Z","swept_at":"2026-11-21T03:48:16.096Z","page_size":200}',1795232896094);
INSERT INTO connection_secrets VALUES (1,'token',X'40EC5D6998BF4EBAC0D1CF5A9E94FCFF4F71057D5C1FEAB4DEB96F48EA04C8A68BDAA9753B1F075104CAE3');
INSERT INTO syncs VALUES (1,1,1,1795232896095,1795232899175,'done','{"phase":"history","found":50,"read":50,"requests":52}',1795232899175,50,0,0,0,0,'','{}',0);
INSERT INTO api_tokens VALUES (1,'scripts',X'DC172B41812780CE924B0FC60C589EC0797D91AF279C10E8EF3E2A24501018B2','["read"]','',1,1795232895941,0);
INSERT INTO calendars VALUES (1,'default','','Europe/Moscow','[1,2,3,4,5]','["09:00-13:00","14:00-18:00"]','RU','[]','[]',0);
INSERT INTO calendars VALUES (2,'default','2025-07-01','Europe/Moscow','[1,2,3,4,5]','["10:00-19:00"]','RU','[]','[]',0);
INSERT INTO workflow VALUES (1,'{"waiting":["open","backlog","selectedForDev","needInfo","onHold","triage"],"active":["inProgress","inReview","readyForTest","testing","readyForRelease","mitigation","watching"],"closed":["closed","resolved","cancelled","done"],"excluded_resolutions":["duplicate","wontFix"],"queues":{"OPS":{"waiting":null,"active":null,"closed":["done","closed"]}}}',0);
INSERT INTO settings_version VALUES (1,4);
INSERT INTO audit_log VALUES (1,1795232895941,NULL,'token.save','token/scripts',NULL,'{"ID":0,"Name":"scripts","Scopes":["read"],"Connection":"","Provisioned":true}');
INSERT INTO audit_log VALUES (2,1795232896088,NULL,'setup','user/lead@example.com',NULL,'{"role":"admin"}');
INSERT INTO audit_log VALUES (3,1795232896089,NULL,'calendar.save','calendar/default',NULL,'{"timezone":"Europe/Moscow","workdays":["Monday","Tuesday","Wednesday","Thursday","Friday"],"hours":["09:00-13:00","14:00-18:00"],"holidays":"RU","days_off":[],"working_days":[],"from":""}');
INSERT INTO audit_log VALUES (4,1795232896094,NULL,'calendar.save','calendar/default',NULL,'{"timezone":"Europe/Moscow","workdays":["Monday","Tuesday","Wednesday","Thursday","Friday"],"hours":["10:00-19:00"],"holidays":"RU","days_off":[],"working_days":[],"from":"2025-07-01"}');
INSERT INTO audit_log VALUES (5,1795232896094,NULL,'workflow.save','workflow',NULL,'{"waiting":["open","backlog","selectedForDev","needInfo","onHold","triage"],"active":["inProgress","inReview","readyForTest","testing","readyForRelease","mitigation","watching"],"closed":["closed","resolved","cancelled","done"],"excluded_resolutions":["duplicate","wontFix"],"queues":{"OPS":{"waiting":null,"active":null,"closed":["done","closed"]}}}');
INSERT INTO audit_log VALUES (6,1795232896094,NULL,'connection.create','connection/tracker',NULL,'{"kind":"tracker","every":"1h0m0s","settings":{"base_url":"http://127.0.0.1:37321","initial_range":"200w","org_id":"1"},"secrets":["token"]}');
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX syncs_connection ON syncs (connection_id, id);
CREATE UNIQUE INDEX syncs_running ON syncs (connection_id) WHERE state = 'running';
CREATE INDEX sync_problems_sync ON sync_problems (sync_id, id);
CREATE INDEX audit_log_at ON audit_log (at);
