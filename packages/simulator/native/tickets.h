#ifndef SIMULATED_STEAM_TICKETS_H
#define SIMULATED_STEAM_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part that Steam knows a ticket by: sections of 4 + 20 and 4 + 24 bytes. docs/tickets.md has the layout. */
#define TICKET_HEAD_BYTES 52
#define TICKET_SIGNATURE_BYTES 128
/* Steam's own buffer for a Web API ticket (callback 168), and more than any ticket has. */
#define TICKET_BUFFER_BYTES 2560
#define TICKET_MAX_OWNERSHIP_BYTES (TICKET_BUFFER_BYTES - TICKET_HEAD_BYTES - 4)

enum ticket_type { TICKET_SESSION = 2, TICKET_WEB_API = 5 };

/* What stands in a ticket that somebody shows. */
struct ticket_fields {
  uint32_t type;
  uint64_t issuer; /* of the half that is not signed */
  uint32_t version;
  uint64_t steam_id; /* of the signed half */
  uint32_t app_id;
  uint32_t expires_seconds;
  size_t length; /* what follows is junk */
};

/* Reads a ticket; false when the bytes are not laid out as one. Total: any bytes, any length. */
bool ticket_read(const uint8_t *bytes, size_t length, struct ticket_fields *fields);

/* The signed half: ownership ticket and signature, as a journal line carries them. */
struct ticket_ownership {
  uint8_t bytes[TICKET_MAX_OWNERSHIP_BYTES];
  size_t length; /* 0: not known */
};

/* An ownership half nobody signed, for running without simulated Steam's servers. */
void ticket_unsigned_ownership(struct ticket_ownership *ownership, uint64_t steam_id, uint32_t app_id,
                               uint32_t now_seconds);

/* Writes a ticket's first 52 bytes: token and session header. `counter` counts the issuer's tickets. */
void ticket_write_head(uint8_t head[TICKET_HEAD_BYTES], enum ticket_type type, uint64_t issuer,
                       uint32_t now_seconds, uint32_t clock_ms, uint32_t counter);

/* Joins head and signed half; returns the length. */
size_t ticket_assemble(uint8_t ticket[TICKET_BUFFER_BYTES], const uint8_t head[TICKET_HEAD_BYTES],
                       const struct ticket_ownership *ownership);

/* Longest identity that is taken, NUL included. */
#define IDENTITY_TEXT_BYTES 512

/*
 * The text of a SteamNetworkingIdentity: `steamid:…`, `ip:…`, `str:…`, `gen:…`. False when there is none: a null
 * pointer or an invalid one.
 */
bool identity_text(const uint8_t *identity, char text[IDENTITY_TEXT_BYTES]);

#endif
