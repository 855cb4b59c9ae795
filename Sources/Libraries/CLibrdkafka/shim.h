#pragma once

#include <librdkafka/rdkafka.h>

/// rd_kafka_producev is variadic, which Swift does not import. Key and value are copied; `headers` belong to the message when
/// the answer is RD_KAFKA_RESP_ERR_NO_ERROR, and to the caller otherwise. A timestamp of 0 is now. `opaque` comes with the report of the delivery.
static inline rd_kafka_resp_err_t afterimage_kafka_produce(
    rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t key_size, const void *value,
    size_t value_size, rd_kafka_headers_t *headers, int64_t timestamp, void *opaque) {
  return rd_kafka_producev(
      rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_TIMESTAMP(timestamp),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}
