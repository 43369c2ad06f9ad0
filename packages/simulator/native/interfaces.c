/*
 * C++ vtables in C. Every interface is an object whose first word points to one and the same table of numbered
 * functions; each hands its number on, and a switch does the rest. That is all that Valve's libsteam_api, which
 * calls methods by their place in the table, can see.
 *
 * Arguments arrive in the registers of the System V ABI (x86-64, AArch64), `this` first. Taking seven words is
 * right for every shorter signature of integers and pointers; upper halves are undefined, so handlers cast.
 */
#define _GNU_SOURCE
#include "interfaces.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lock.h"

/* More interfaces than one version of Valve's library asks for. */
#define MAX_INTERFACES 64
#define MAX_VERSION_BYTES 64

struct interface {
  const void *const *methods; /* first: where C++ looks for the vtable */
  int32_t pipe;               /* 0: ISteamClient */
  char version[MAX_VERSION_BYTES];
  uint64_t (*answer)(const struct call *call);
};

/* Never freed: whoever keeps an interface after its pipe was closed gets zeros, not a crash. */
static struct interface interfaces[MAX_PIPES + 1][MAX_INTERFACES];

/* --- the table --- */

static uint64_t dispatch(struct interface *interface, unsigned slot, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                         uint64_t e, uint64_t f, uint64_t g) {
  lock_take();
  struct call call = {
      .pipe = pipe_find(interface->pipe), .version = interface->version, .slot = slot, .arguments = {a, b, c, d, e, f, g}};
  uint64_t result = call.pipe || interface->pipe == 0 ? interface->answer(&call) : 0;
  lock_release();
  return result;
}

#define METHOD(n)                                                                                                  \
  static uint64_t method_##n(struct interface *self, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,   \
                             uint64_t f, uint64_t g) {                                                             \
    return dispatch(self, n, a, b, c, d, e, f, g);                                                                 \
  }

/* clang-format off */
#define EACH_METHOD(X) \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
  X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
  X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) \
  X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) \
  X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) \
  X(40) X(41) X(42) X(43) X(44) X(45) X(46) X(47) \
  X(48) X(49) X(50) X(51) X(52) X(53) X(54) X(55) \
  X(56) X(57) X(58) X(59) X(60) X(61) X(62) X(63) \
  X(64) X(65) X(66) X(67) X(68) X(69) X(70) X(71) \
  X(72) X(73) X(74) X(75) X(76) X(77) X(78) X(79) \
  X(80) X(81) X(82) X(83) X(84) X(85) X(86) X(87) \
  X(88) X(89) X(90) X(91) X(92) X(93) X(94) X(95) \
  X(96) X(97) X(98) X(99) X(100) X(101) X(102) X(103) \
  X(104) X(105) X(106) X(107) X(108) X(109) X(110) X(111) \
  X(112) X(113) X(114) X(115) X(116) X(117) X(118) X(119) \
  X(120) X(121) X(122) X(123) X(124) X(125) X(126) X(127)
/* clang-format on */

EACH_METHOD(METHOD)

#define METHOD_COUNT 128
#define METHOD_ADDRESS(n) (const void *)method_##n,
static const void *const methods[METHOD_COUNT] = {EACH_METHOD(METHOD_ADDRESS)};

/* --- names --- */

/* Interfaces whose methods are simulated, in versions whose tables are known. */
static const struct {
  const char *version;
  uint64_t (*answer)(const struct call *call);
} simulated[] = {
    {"SteamClient021", answer_client},        {"SteamClient023", answer_client}, {"SteamUtils010", answer_utils},
    {"SteamUser023", answer_user},            {"SteamFriends017", answer_friends}, {"SteamFriends018", answer_friends},
    {"SteamGameServer015", answer_game_server},
};

/* Families that are asked for and hardly used. Any version will do: none of their methods does a thing. */
static const char *const inert[] = {
    "STEAMAPPS_INTERFACE_VERSION",        "STEAMAPPLIST_INTERFACE_VERSION",      "STEAMHTMLSURFACE_INTERFACE_VERSION_",
    "STEAMHTTP_INTERFACE_VERSION",        "STEAMINVENTORY_INTERFACE_V",          "STEAMMUSICREMOTE_INTERFACE_VERSION",
    "STEAMMUSIC_INTERFACE_VERSION",       "STEAMPARENTALSETTINGS_INTERFACE_VERSION",
    "STEAMREMOTEPLAY_INTERFACE_VERSION",  "STEAMREMOTESTORAGE_INTERFACE_VERSION",
    "STEAMSCREENSHOTS_INTERFACE_VERSION", "STEAMTIMELINE_INTERFACE_V",           "STEAMUGC_INTERFACE_VERSION",
    "STEAMUSERSTATS_INTERFACE_VERSION",   "STEAMVIDEO_INTERFACE_V",              "SteamController",
    "SteamGameServerStats",               "SteamInput",                          "SteamMatchGameSearch",
    "SteamMatchMaking",                   "SteamMatchMakingServers",             "SteamNetworking",
    "SteamNetworkingMessages",            "SteamNetworkingSockets",              "SteamNetworkingUtils",
    "SteamParties",
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* What answers for an interface, or NULL. */
static uint64_t (*find_answer(const char *version))(const struct call *call) {
  for (size_t i = 0; i < COUNT_OF(simulated); i++) {
    if (strcmp(simulated[i].version, version) == 0) return simulated[i].answer;
  }
  for (size_t i = 0; i < COUNT_OF(inert); i++) {
    size_t length = strlen(inert[i]);
    /* The rest is the version's three digits. */
    if (strncmp(inert[i], version, length) == 0 && strlen(version + length) == 3 &&
        strspn(version + length, "0123456789") == 3) {
      return answer_unknown;
    }
  }
  return NULL;
}

bool interface_is_known(const char *version) { return version && find_answer(version) != NULL; }

static void *find_or_create(int32_t pipe, const char *version) {
  uint64_t (*answer)(const struct call *call) = version ? find_answer(version) : NULL;
  if (!answer || strlen(version) >= MAX_VERSION_BYTES) return NULL;
  for (size_t i = 0; i < MAX_INTERFACES; i++) {
    struct interface *interface = &interfaces[pipe][i];
    if (!interface->methods) {
      interface->methods = methods;
      interface->pipe = pipe;
      interface->answer = answer;
      snprintf(interface->version, sizeof interface->version, "%s", version);
    }
    if (strcmp(interface->version, version) == 0) return interface;
  }
  return NULL;
}

void *interface_of(int32_t pipe, const char *version) {
  return pipe_find(pipe) && find_answer(version ? version : "") != answer_client ? find_or_create(pipe, version) : NULL;
}

void *interface_client(const char *version) {
  return version && find_answer(version) == answer_client ? find_or_create(0, version) : NULL;
}

/* --- what is not simulated --- */

/* Methods of inert interfaces that Valve's library or steamworks.js calls by itself, some at each frame. */
static const struct {
  const char *family;
  unsigned slot;
  uint64_t answer;
} expected[] = {
    {"STEAMUSERSTATS_INTERFACE_VERSION", 0, 1}, /* RequestCurrentStats */
    {"SteamInput", 3, 0},                       /* RunFrame */
    {"SteamController", 2, 0},                  /* RunFrame */
};

uint64_t answer_unknown(const struct call *call) {
  for (size_t i = 0; i < COUNT_OF(expected); i++) {
    if (call->slot == expected[i].slot && strncmp(call->version, expected[i].family, strlen(expected[i].family)) == 0) {
      return expected[i].answer;
    }
  }
  /* One bit for each method that was complained about, by a hash of its name: printing one too few is no harm. */
  static uint8_t complained[1024];
  uint32_t hash = call->slot;
  for (const char *at = call->version; *at; at++) hash = hash * 31 + (uint8_t)*at;
  uint8_t *byte = &complained[hash / 8 % sizeof complained];
  uint8_t bit = (uint8_t)(1u << hash % 8);
  if (!(*byte & bit)) {
    *byte |= bit;
    fprintf(stderr, "[simulated steam] %s, method %u, is not simulated and answers 0\n", call->version, call->slot);
  }
  return 0;
}
