#define _GNU_SOURCE
#include "tickets.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static uint32_t read_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t read_u64(const uint8_t *bytes) { return read_u32(bytes) | (uint64_t)read_u32(bytes + 4) << 32; }

static void write_u32(uint8_t *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

static void write_u64(uint8_t *bytes, uint64_t value) {
  write_u32(bytes, (uint32_t)value);
  write_u32(bytes + 4, (uint32_t)(value >> 32));
}

#define MIN_OWNERSHIP_BYTES 46

bool ticket_read(const uint8_t *bytes, size_t length, struct ticket_fields *fields) {
  if (!bytes || length < TICKET_HEAD_BYTES + 4 + MIN_OWNERSHIP_BYTES + TICKET_SIGNATURE_BYTES) return false;
  if (read_u32(bytes) != 20 || read_u32(bytes + 24) != 24) return false;
  uint64_t rest = read_u32(bytes + TICKET_HEAD_BYTES);
  uint64_t ownership = read_u32(bytes + TICKET_HEAD_BYTES + 4);
  uint64_t end = TICKET_HEAD_BYTES + 4 + rest;
  if (end > length || ownership < MIN_OWNERSHIP_BYTES || ownership + TICKET_SIGNATURE_BYTES != rest) return false;
  fields->type = read_u32(bytes + 32);
  fields->issuer = read_u64(bytes + 12);
  fields->version = read_u32(bytes + 60);
  fields->steam_id = read_u64(bytes + 64);
  fields->app_id = read_u32(bytes + 72);
  fields->expires_seconds = read_u32(bytes + 92);
  fields->length = (size_t)end;
  return true;
}

void ticket_unsigned_ownership(struct ticket_ownership *ownership, uint64_t steam_id, uint32_t app_id,
                               uint32_t now_seconds) {
  uint8_t *bytes = ownership->bytes;
  ownership->length = MIN_OWNERSHIP_BYTES + 4 + TICKET_SIGNATURE_BYTES;
  memset(bytes, 0, ownership->length);
  write_u32(bytes, MIN_OWNERSHIP_BYTES + 4); /* one licence */
  write_u32(bytes + 4, 4);
  write_u64(bytes + 8, steam_id);
  write_u32(bytes + 16, app_id);
  write_u32(bytes + 32, now_seconds);
  write_u32(bytes + 36, now_seconds + 21 * 86400); /* 21 days, as in genuine tickets */
  bytes[40] = 1;
}

void ticket_write_head(uint8_t head[TICKET_HEAD_BYTES], enum ticket_type type, uint64_t issuer,
                       uint32_t now_seconds, uint32_t clock_ms, uint32_t counter) {
  uint8_t random[16] = {0};
  /* Never blocks once the machine is up; were it to fail, the counter still tells tickets apart. */
  ssize_t filled = getrandom(random, sizeof random, GRND_NONBLOCK);
  (void)filled;
  write_u32(head, 20);
  memcpy(head + 4, random, 8);
  write_u64(head + 12, issuer);
  write_u32(head + 20, now_seconds);
  write_u32(head + 24, 24);
  write_u32(head + 28, 1);
  write_u32(head + 32, type);
  memcpy(head + 36, random + 8, 8);
  write_u32(head + 44, clock_ms);
  write_u32(head + 48, counter);
}

size_t ticket_assemble(uint8_t ticket[TICKET_BUFFER_BYTES], const uint8_t head[TICKET_HEAD_BYTES],
                       const struct ticket_ownership *ownership) {
  memcpy(ticket, head, TICKET_HEAD_BYTES);
  write_u32(ticket + TICKET_HEAD_BYTES, (uint32_t)ownership->length);
  memcpy(ticket + TICKET_HEAD_BYTES + 4, ownership->bytes, ownership->length);
  return TICKET_HEAD_BYTES + 4 + ownership->length;
}

/* --- SteamNetworkingIdentity: i32 type, i32 size, then up to 128 bytes --- */

enum { IDENTITY_INVALID = 0, IDENTITY_IP = 1, IDENTITY_STRING = 2, IDENTITY_BYTES = 3, IDENTITY_STEAM_ID = 16 };

static void write_address(const uint8_t value[18], char text[IDENTITY_TEXT_BYTES]) {
  static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  bool is_v4 = memcmp(value, mapped_prefix, sizeof mapped_prefix) == 0;
  char address[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? value + 12 : value, address, sizeof address);
  unsigned port = value[16] | (unsigned)value[17] << 8;
  if (port == 0) {
    snprintf(text, IDENTITY_TEXT_BYTES, "ip:%s", address);
  } else {
    snprintf(text, IDENTITY_TEXT_BYTES, is_v4 ? "ip:%s:%u" : "ip:[%s]:%u", address, port);
  }
}

bool identity_text(const uint8_t *identity, char text[IDENTITY_TEXT_BYTES]) {
  if (!identity) return false;
  uint32_t type = read_u32(identity);
  uint32_t size = read_u32(identity + 4);
  const uint8_t *value = identity + 8;
  switch (type) {
    case IDENTITY_INVALID:
      return false;
    case IDENTITY_STEAM_ID:
      snprintf(text, IDENTITY_TEXT_BYTES, "steamid:%" PRIu64, read_u64(value));
      return true;
    case IDENTITY_IP:
      write_address(value, text);
      return true;
    case IDENTITY_STRING:
      /* At most 31 characters, and the NUL is not trusted. */
      snprintf(text, IDENTITY_TEXT_BYTES, "str:%.31s", (const char *)value);
      return true;
    case IDENTITY_BYTES: {
      int at = snprintf(text, IDENTITY_TEXT_BYTES, "gen:");
      for (uint32_t i = 0; i < size && i < 32; i++) {
        at += snprintf(text + at, IDENTITY_TEXT_BYTES - (size_t)at, "%02x", value[i]);
      }
      return true;
    }
    default:
      snprintf(text, IDENTITY_TEXT_BYTES, "unknown:%" PRIu32, type);
      return true;
  }
}
