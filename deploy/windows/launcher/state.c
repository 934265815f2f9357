/* state.c - reads and writes the same bytes as canopee_agent/slots.py; a test holds one to the other. */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int is_version(const char *name)
{
    size_t i, n = strlen(name);
    if (!n || n >= NAME_CHARS || !is_digit(name[0])) return 0;
    for (i = 1; i < n; i++) {
        if (is_alphanumeric(name[i])) continue;
        if ((name[i] != '.' && name[i] != '-') || !is_alphanumeric(name[i + 1])) return 0;
    }
    return 1;
}

int compare_versions(const char *a, const char *b)
{
    while (*a && *b) {
        if (is_digit(*a) && is_digit(*b)) { /* the longer run of digits is the larger number */
            size_t n, m;
            int order;
            a += strspn(a, "0");
            b += strspn(b, "0");
            n = strspn(a, "0123456789");
            m = strspn(b, "0123456789");
            if (n != m) return n < m ? -1 : 1;
            if ((order = strncmp(a, b, n))) return order;
            a += n;
            b += m;
        } else if (*a != *b)
            return *a < *b ? -1 : 1;
        else {
            a++;
            b++;
        }
    }
    return (*a != 0) - (*b != 0);
}

static unsigned long crc32(const char *text, size_t size)
{
    unsigned long crc = 0xFFFFFFFFUL;
    size_t i;
    int bit;
    for (i = 0; i < size; i++) {
        crc ^= (unsigned char)text[i];
        for (bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320UL : crc >> 1;
    }
    return crc ^ 0xFFFFFFFFUL;
}

/* ---------------------------------------------------------------- reading: to the letter, or not at all */

/* Takes "key=value\r\n" at *place; FALSE when something else is there, or the value has no room. */
static int take(const char **place, const char *end, const char *key, char *value, size_t room)
{
    size_t n = strlen(key), length = 0;
    const char *from = *place + n + 1;
    if ((size_t)(end - *place) < n + 3 || memcmp(*place, key, n) || (*place)[n] != '=') return 0;
    while (from + length < end && from[length] != '\r') length++;
    if (from + length + 2 > end || from[length + 1] != '\n' || length >= room) return 0;
    memcpy(value, from, length);
    value[length] = 0;
    if (strlen(value) != length) return 0;
    *place = from + length + 2;
    return 1;
}

/* A number as it is written: no sign, no space, no zero in front. -1 when it is none. */
static long long number(const char *text, size_t digits)
{
    size_t n = strlen(text);
    if (!n || n > digits || strspn(text, "0123456789") != n || (text[0] == '0' && n > 1)) return -1;
    return strtoll(text, NULL, 10);
}

static int take_version(const char **place, const char *end, const char *key, char *value)
{
    return take(place, end, key, value, NAME_CHARS) && (!*value || is_version(value));
}

static int take_bans(char *text, State *out)
{
    char *entry = text, *next, *at;
    if (!*text) return 1;
    for (; entry; entry = next) {
        if ((next = strchr(entry, ','))) *next++ = 0;
        if (!(at = strchr(entry, '@')) || out->bans == MOST_BANS) return 0;
        *at++ = 0;
        if (!is_version(entry) || number(at, 12) < 0) return 0;
        strcpy(out->banned[out->bans].version, entry);
        out->banned[out->bans++].since = number(at, 12);
    }
    return 1;
}

int parse_state(const char *text, size_t size, State *out)
{
    static const char header[] = "[state]\r\n";
    const size_t tail = sizeof "check=00000000\r\n" - 1, head = sizeof header - 1;
    char attempts[8], bans[STATE_BYTES], check[32];
    const char *place = text + head, *end;

    memset(out, 0, sizeof *out);
    if (size < head + tail || size > STATE_BYTES || memcmp(text, header, head)) return 0;
    end = text + size - tail;
    snprintf(check, sizeof check, "check=%08lx\r\n", crc32(text, size - tail));
    if (memcmp(end, check, tail)) return 0;
    return take_version(&place, end, "current", out->current) && take_version(&place, end, "previous", out->previous) &&
           take_version(&place, end, "pending", out->pending) &&
           take(&place, end, "attempts", attempts, sizeof attempts) &&
           (out->attempts = (int)number(attempts, 3)) >= 0 && take_version(&place, end, "failed", out->failed) &&
           take(&place, end, "reason", out->reason, REASON_CHARS) &&
           strspn(out->reason, "abcdefghijklmnopqrstuvwxyz-") == strlen(out->reason) &&
           take(&place, end, "banned", bans, sizeof bans) && take_bans(bans, out) && place == end;
}

/* ---------------------------------------------------------------- writing */

size_t format_state(const State *s, char *out, size_t room)
{
    char bans[STATE_BYTES] = "";
    int i, n = 0;
    for (i = 0; i < s->bans; i++)
        n += snprintf(bans + n, sizeof bans - n, "%s%s@%lld", i ? "," : "", s->banned[i].version, s->banned[i].since);
    n = snprintf(out, room,
                 "[state]\r\ncurrent=%s\r\nprevious=%s\r\npending=%s\r\nattempts=%d\r\nfailed=%s\r\nreason=%s\r\n"
                 "banned=%s\r\n",
                 s->current, s->previous, s->pending, s->attempts, s->failed, s->reason, bans);
    if (n < 0 || (size_t)n + 32 > room) return 0;
    return n + snprintf(out + n, room - n, "check=%08lx\r\n", crc32(out, n));
}

/* ---------------------------------------------------------------- bans */

int is_banned(const State *s, const char *version, long long now_s)
{
    int i;
    for (i = 0; i < s->bans; i++) {
        long long away = now_s - s->banned[i].since;
        if (!strcmp(s->banned[i].version, version)) return away < BAN_S && -away < BAN_S;
    }
    return 0;
}

void ban(State *s, const char *version, long long now_s)
{
    int i;
    if (!is_version(version)) return;
    for (i = 0; i < s->bans && strcmp(s->banned[i].version, version); i++) continue;
    if (i == s->bans && s->bans == MOST_BANS) i = 0; /* the oldest makes room */
    else if (i == s->bans) s->bans++;
    memmove(&s->banned[i], &s->banned[i + 1], (s->bans - 1 - i) * sizeof s->banned[0]);
    strcpy(s->banned[s->bans - 1].version, version);
    s->banned[s->bans - 1].since = now_s < 0 ? 0 : now_s;
}
