#pragma once

#include <curl/curl.h>

// Inline shims for what Swift cannot import: variadic functions, and the enumerations that their arguments are of.

/// Once in a process, before anything else. True when the library can be used.
static inline _Bool afterimage_curl_start(void) { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

/// As in `7.88.1`.
static inline const char *afterimage_curl_version(void) { return curl_version_info(CURLVERSION_NOW)->version; }

typedef size_t (*afterimage_curl_sink)(char *bytes, size_t size, size_t count, void *context);

/// Takes none of the pointers over: they outlive the transfer.
static inline void afterimage_curl_prepare(
    CURL *easy, const char *method, const char *url, const char *body, long body_length, struct curl_slist *headers,
    long timeout_milliseconds, const char *authorities, afterimage_curl_sink body_sink, afterimage_curl_sink header_sink, void *context) {
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  if (authorities) curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
  if (body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, body_length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_milliseconds);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_sink);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_sink);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
}

static inline void afterimage_curl_limit(CURLM *multi, long connections_of_host_max) {
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections_of_host_max);
}

/// The context of the next transfer that has ended, taken out of `multi`; null when there is none. `failure` is null when an answer came,
/// `status` its HTTP status.
static inline void *afterimage_curl_ended(CURLM *multi, CURL **easy, long *status, const char **failure) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    void *context = 0;
    *easy = message->easy_handle;
    *failure = message->data.result == CURLE_OK ? 0 : curl_easy_strerror(message->data.result);
    *status = 0;
    curl_easy_getinfo(*easy, CURLINFO_RESPONSE_CODE, status);
    curl_easy_getinfo(*easy, CURLINFO_PRIVATE, &context);
    curl_multi_remove_handle(multi, *easy);
    return context;
  }
  return 0;
}
