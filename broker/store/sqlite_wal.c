//  sqlite_wal.c - checks the frames of a write-ahead log; format:
//  https://sqlite.org/fileformat2.html#walformat

#include "broker/store/sqlite_wal.h"

#include <assert.h>
#include <byteswap.h>
#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/sqlite_error.h"

#define FRAME_HEAD_BYTES 24
#define PAGE_BYTES_MAX 65536u
#define MAGIC                                                                                      \
    UINT32_C (0x377f0682) //  Checksums of little-endian words; with the lowest bit set, of
                          //  big-endian words

//  Two running sums over the whole log.
typedef struct sums {
    uint32_t one, two; //  As in the file format
} sums_t;

typedef struct wal {
    int fd;              //  Of the file
    bool big;            //  Sums of big-endian words
    uint32_t page_bytes; //  Size of a page
    uint8_t salts [8];   //  Salts of the current round
    sums_t sums;         //  Up to the current frame
    uint8_t *frame;      //  The current frame
    off_t at;            //  Its offset
    bool commits;        //  It ends a transaction
    bool ours;           //  It belongs to this round
} wal_t;

static uint32_t s_word (const uint8_t *bytes)
{
    uint32_t word;
    memcpy (&word, bytes, sizeof word);
    return be32toh (word);
}

static sums_t s_sum (const wal_t *self, sums_t sums, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        uint32_t first = s_word (bytes + i), second = s_word (bytes + i + 4);
        sums.one += (self->big ? first : bswap_32 (first)) + sums.two;
        sums.two += (self->big ? second : bswap_32 (second)) + sums.one;
    }
    return sums;
}

static bool s_has (const uint8_t *bytes, sums_t sums)
{
    return s_word (bytes) == sums.one && s_word (bytes + 4) == sums.two;
}

//  The header's sums are correct, or the header was only half overwritten: then the log was empty.
static bool s_read_head (wal_t *self, uint8_t head [SQLITE_WAL_HEAD_BYTES], bool *again)
{
    static const sums_t none = {0, 0};
    self->big = s_word (head) & 1;
    self->page_bytes = s_word (head + 8);
    memcpy (self->salts, head + 16, sizeof self->salts);
    self->sums = s_sum (self, none, head, 24);
    bool whole = (s_word (head) & ~UINT32_C (1)) == MAGIC && s_has (head + 24, self->sums);
    uint32_t before = htobe32 (s_word (head + 12) - 1);
    memcpy (head + 12, &before, sizeof before);
    *again = s_has (head + 24, s_sum (self, none, head, 24));
    return whole;
}

//  The next frame, at self->at. False at the end of the file.
static bool s_read_frame (wal_t *self)
{
    size_t size = FRAME_HEAD_BYTES + self->page_bytes;
    if (pread (self->fd, self->frame, size, self->at) != (ssize_t) size)
        return false;
    self->commits = s_word (self->frame + 4) != 0;
    self->ours = memcmp (self->frame + 8, self->salts, sizeof self->salts) == 0;
    return true;
}

//  Do its sums continue the previous ones? Updates them.
static bool s_follows (wal_t *self)
{
    sums_t sums = s_sum (self, self->sums, self->frame, 8);
    sums = s_sum (self, sums, self->frame + FRAME_HEAD_BYTES, self->page_bytes);
    self->sums = (sums_t){s_word (self->frame + 16), s_word (self->frame + 20)};
    self->at += (off_t) (FRAME_HEAD_BYTES + self->page_bytes);
    return self->ours && sums.one == self->sums.one && sums.two == self->sums.two;
}

static cadre_error_t s_damaged (const char *path, off_t at, fault_t *fault)
{
    char where [128];
    snprintf (where, sizeof where, "its write-ahead log has a wrong checksum at byte %lld",
              (long long) at);
    return sqlite_error_is_damage (path, where, fault);
}

//  Goes to the first invalid frame, and continues after it.
static cadre_error_t s_walk (wal_t *self, const char *path, fault_t *fault)
{
    unsigned commits = 0;
    off_t wrong = 0;
    while (s_read_frame (self)) {
        off_t at = self->at;
        bool follows = s_follows (self);
        if (!wrong && !follows)
            wrong = at;
        if (wrong && self->ours && self->commits && (follows || at == wrong))
            commits++;
    }
    return commits >= 2 ? s_damaged (path, wrong, fault) : CADRE_OK;
}

static cadre_error_t s_sqlite_wal_check (wal_t *self, const char *path, fault_t *fault)
{
    uint8_t head [SQLITE_WAL_HEAD_BYTES];
    bool again;
    if (pread (self->fd, head, sizeof head, 0) != (ssize_t) sizeof head)
        return CADRE_OK;
    bool whole = s_read_head (self, head, &again);
    if (self->page_bytes < 512 || self->page_bytes > PAGE_BYTES_MAX)
        return s_damaged (path, 0, fault);
    self->at = SQLITE_WAL_HEAD_BYTES;
    self->frame = malloc (FRAME_HEAD_BYTES + self->page_bytes);
    assert (self->frame);
    if (whole)
        return s_walk (self, path, fault);
    //  An incomplete header belongs to an empty log, unless there are frames of its round
    return s_read_frame (self) && self->ours && !again ? s_damaged (path, 0, fault) : CADRE_OK;
}

cadre_error_t sqlite_wal_check (const char *path, const char *wal, fault_t *fault)
{
    wal_t self = {.fd = open (wal, O_RDONLY | O_CLOEXEC)};
    if (self.fd < 0)
        return CADRE_OK; //  If it exists, SQLite reports the reason
    cadre_error_t error = s_sqlite_wal_check (&self, path, fault);
    free (self.frame);
    close (self.fd);
    return error;
}
