#pragma once

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

// Inline shims for what Swift cannot import: a variadic function, macros, and enumerations that libmicrohttpd declares closed.

static inline struct MHD_Daemon *mhd_start(
    unsigned int threads, size_t connection_memory, unsigned int connections, unsigned int idle_seconds,
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed,
    void *(*target_arrived)(void *context, const char *target, struct MHD_Connection *connection),
    MHD_NotifyConnectionCallback connected, void *context,
    // PEM texts that outlive the daemon, or both NULL for plain HTTP.
    const char *key, const char *certificate) {
  unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                       MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC;
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
      {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
      {MHD_OPTION_END, 0, NULL}};
  if (key) flags |= MHD_USE_TLS; else tls[0].option = MHD_OPTION_END;
  return MHD_start_daemon(
      flags, 0, NULL, NULL, handler, context,
      // A pool of one is refused: one thread is what there is without a pool.
      MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0u,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
      MHD_OPTION_CONNECTION_LIMIT, connections,
      MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
      MHD_OPTION_NOTIFY_COMPLETED, completed, context,
      MHD_OPTION_URI_LOG_CALLBACK, target_arrived, context,
      MHD_OPTION_NOTIFY_CONNECTION, connected, context,
      MHD_OPTION_ARRAY, tls,
      MHD_OPTION_END);
}

// As accept4, a GNU extension that Swift does not see. The connection does not block.
static inline int mhd_accept(int socket, struct sockaddr *address, socklen_t *length) {
  extern int accept4(int, struct sockaddr *, socklen_t *, int);
  return accept4(socket, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static inline unsigned int mhd_connection_count(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info ? info->num_connections : 0;
}

static inline int mhd_connection_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

// Of the request line, the headers and the empty line after them, as they came.
static inline size_t mhd_head_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info ? info->header_size : 0;
}

// What the notification of the connection's beginning left.
static inline void *mhd_connection_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

// Bytes that came over a TCP connection since it began; 0 when the kernel does not tell. Their place in the kernel's struct tcp_info, which
// only grows; that of Debian's header ends before it.
static inline unsigned long long mhd_bytes_received(int socket) {
  enum { place = 128 };
  unsigned char bytes[256] = {0};
  socklen_t length = sizeof bytes;
  unsigned long long received = 0;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, bytes, &length) == 0 && length >= place + sizeof received)
    __builtin_memcpy(&received, bytes + place, sizeof received);
  return received;
}

static inline const char *mhd_header(struct MHD_Connection *connection, const char *name) {
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// Calls for each header of the request.
static inline void mhd_each_header(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
  MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}

// Of the connection's other end; NULL when it is not known.
static inline const struct sockaddr *mhd_client_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info ? info->client_addr : NULL;
}

// Copies the bytes.
static inline struct MHD_Response *mhd_response(const void *bytes, size_t count) {
  return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

// The body's length is not known: it is sent in chunks.
static inline struct MHD_Response *mhd_streamed_response(
    size_t block, MHD_ContentReaderCallback read, void *context, MHD_ContentReaderFreeCallback released) {
  return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, read, context, released);
}

static const enum MHD_Result mhd_yes = MHD_YES;
static const enum MHD_Result mhd_no = MHD_NO;
static const ssize_t mhd_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t mhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;
static const enum MHD_ConnectionNotificationCode mhd_connection_started = MHD_CONNECTION_NOTIFY_STARTED;
