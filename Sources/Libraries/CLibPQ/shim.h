#pragma once

#include <postgresql/libpq-fe.h>

// Macros that Swift cannot import.

static inline int afterimage_pq_sqlstate_field(void) { return PG_DIAG_SQLSTATE; }
static inline int afterimage_pq_primary_field(void) { return PG_DIAG_MESSAGE_PRIMARY; }
static inline int afterimage_pq_detail_field(void) { return PG_DIAG_MESSAGE_DETAIL; }
static inline int afterimage_pq_position_field(void) { return PG_DIAG_STATEMENT_POSITION; }

// Notices of the server are not printed.
static inline void afterimage_pq_ignore_notice(void *context, const PGresult *result) {
  (void)context;
  (void)result;
}

static inline void afterimage_pq_ignore_notices(PGconn *connection) {
  PQsetNoticeReceiver(connection, afterimage_pq_ignore_notice, 0);
}
