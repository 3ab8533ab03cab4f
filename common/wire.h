/*  wire.h - the protocol's messages as structs, generated from wire.def
 *
 *  A frame is an envelope of 20 bytes and a body, one msgpack array:
 *
 *      byte  0      version: the protocol's major version
 *      byte  1      verb
 *      bytes 2-3    zero
 *      bytes 4-11   session, big-endian
 *      bytes 12-19  sequence number, big-endian; 0 on a link without numbers
 *
 *  For every message NAME of wire.def there are
 *
 *      wire_NAME_t                                       its fields
 *      void wire_write_NAME (buffer_t *frame, envelope *, const wire_NAME_t *)
 *                                                        appends envelope and body
 *      bool wire_read_NAME (cursor_t *, wire_NAME_t *)   reads a body
 *      void wire_pack_NAME (buffer_t *, const wire_NAME_t *)
 *                                                        appends the body alone
 *
 *  and for every record the pack and the read function. Readers allocate nothing: texts, blobs and
 *  lists are views into the frame. They ignore additional fields (of a newer minor version), and
 *  missing ones are an error. The result is completely well-formed, including lists, but numbers
 *  are not checked: check them before use.
 *
 *  The functions have no state; any thread.
 */

#ifndef COMMON_WIRE_H_INCLUDED
#define COMMON_WIRE_H_INCLUDED

#include "common/buffer.h"
#include "common/cadre_error.h"
#include "common/cursor.h"
#include "common/fault.h"
#include "common/wire.def"

#define WIRE_MAJOR 1u
#define WIRE_MINOR 0u
#define WIRE_MAGIC "cadre"

#define WIRE_ENVELOPE_BYTES 20u
#define WIRE_FRAME_MAX (1024u * 1024u) //  Bytes of a frame, envelope included
#define WIRE_INLINE_MAX (256u * 1024u) //  Larger payloads travel in parts
#define WIRE_PART_MAX (256u * 1024u)   //  Bytes of payload in one part
#define WIRE_BATCH_BYTES (64u * 1024u) //  A sender closes a batch when it has grown to this
#define WIRE_PAYLOAD_MAX (1024ull * 1024 * 1024) //  Bytes of one payload
#define WIRE_UUID_BYTES 16u

//  msgpack ext types that cadre uses inside payloads and values.
#define WIRE_EXT_ERROR 1 //  A failed item of a map job: an array of kind, message, trace
#define WIRE_EXT_FILE 3  //  Eight bytes, big-endian: the size of a value that is in a file
#define WIRE_EXT_PARTS 2 //  Eight bytes, big-endian: the number of a payload that was sent in parts

//  Kinds of job.
#define WIRE_KIND_CALL 1u
#define WIRE_KIND_COMMAND 2u
#define WIRE_KIND_MAP 3u

//  Streams of output.
#define WIRE_STREAM_STDOUT 1u
#define WIRE_STREAM_STDERR 2u
#define WIRE_STREAM_LOG 3u
#define WIRE_STREAM_PROGRESS 4u
#define WIRE_STREAM_PARTIAL 5u

//  Tasks of one job are numbered with 32 bits, tries with 16.
#define WIRE_TASKS_MAX 0xffffffffu
#define WIRE_FRAME_TASKS_MAX 65536u //  In one JOB_TASKS
#define WIRE_ATTEMPTS_MAX 0xffffu

typedef enum wire_verb {
#define WIRE_VERB_ENUM(name, verb, way, text) WIRE_##name = verb,
    WIRE_MESSAGES (WIRE_VERB_ENUM)
#undef WIRE_VERB_ENUM
} wire_verb_t;

typedef struct wire_envelope {
    uint8_t version;   //  Major version of the sender; set by the writer
    uint8_t verb;      //  wire_verb_t, or an unknown number; set by the writer
    uint64_t session;  //  Session that the frame belongs to, 0 before there is one
    uint64_t sequence; //  Position in its stream, from 1; 0 outside of a stream
} wire_envelope_t;

//  An array whose elements are read and packed individually.
typedef struct wire_list {
    size_t count;  //  Elements
    view_t values; //  Their bytes, without the array's header
} wire_list_t;

typedef uint64_t wire_uint_t;
typedef int64_t wire_sint_t;
typedef bool wire_flag_t;
typedef view_t wire_text_t;
typedef view_t wire_blob_t;
typedef view_t wire_raw_t; //  One whole value; size 0 is written as nil

//  Optional fields.
typedef wire_uint_t wire_later_uint_t;
typedef wire_flag_t wire_later_flag_t;
typedef wire_raw_t wire_later_raw_t;
typedef wire_text_t wire_later_text_t;
typedef wire_list_t wire_later_list_t;

#define WIRE_MEMBER(type, field, meaning) wire_##type##_t field;
#define WIRE_STRUCT(name, ...)                                                                     \
    typedef struct wire_##name {                                                                   \
        WIRE_FIELDS_##name (WIRE_MEMBER)                                                           \
    } wire_##name##_t;                                                                             \
    void wire_pack_##name (buffer_t *self, const wire_##name##_t *fields);                         \
    bool wire_read_##name (cursor_t *cursor, wire_##name##_t *fields);
WIRE_MESSAGES (WIRE_STRUCT)
WIRE_RECORDS (WIRE_STRUCT)
#undef WIRE_STRUCT
#undef WIRE_MEMBER

#define WIRE_WRITER(name, ...)                                                                     \
    void wire_write_##name (buffer_t *frame, wire_envelope_t envelope,                             \
                            const wire_##name##_t *fields);
WIRE_MESSAGES (WIRE_WRITER)
#undef WIRE_WRITER

//  Splits a frame into envelope and body. CADRE_ERROR_PROTOCOL when it is shorter than an envelope,
//  longer than WIRE_FRAME_MAX, or has a non-zero reserved byte; CADRE_ERROR_VERSION for another
//  major version, with the envelope filled in. The body is not checked.
cadre_error_t wire_open (const void *frame, size_t size_bytes, wire_envelope_t *envelope,
                         cursor_t *body);

//  Sets session and sequence number of a frame that has been written.
void wire_stamp (buffer_t *frame, uint64_t session, uint64_t sequence);

//  "job_open", or "unknown".
const char *wire_verb_name (unsigned verb);

//  A view of a C string, or of a buffer; a list of values packed into a buffer.
view_t wire_view (const char *text);
view_t wire_view_of (const buffer_t *buffer);
wire_list_t wire_list_of (const buffer_t *values, size_t count);

//  Reads the header of a list and skips its elements, which are checked.
bool wire_read_list (cursor_t *cursor, wire_list_t *list);

//  Packs a reference to a payload in parts; and reads one (0: it is not a reference).
void wire_pack_parts (buffer_t *self, uint64_t payload);
uint64_t wire_parts_of (view_t value);

//  A reference to the file that goes along with the message, of so many bytes: between a worker and
//  its slots alone.
void wire_pack_file (buffer_t *self, uint64_t size_bytes);
uint64_t wire_file_of (view_t value);

#endif
