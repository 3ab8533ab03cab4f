/*  cadre_typed.h - arguments that say their types
 *
 *  cadre_submit takes a letter for each argument, and each must have exactly the type of its
 *  letter: no compiler looks at that. Here the compiler chooses the letter by the type of the
 *  expression, in C11 and in C++11:
 *
 *      cadre_submit_typed (pool, "power", CADRE_ARGS (2, n + 1), NULL);
 *
 *  CADRE_ARGS takes 1 to 12 integers, floating point numbers, bools, texts, values, and what
 *  cadre_typed_... makes, for example cadre_typed_blob (bytes, size). For no arguments give NULL.
 *  In C before C23 true is an int: write cadre_typed_bool (true).
 */

#ifndef COMMON_CADRE_TYPED_H_INCLUDED
#define COMMON_CADRE_TYPED_H_INCLUDED

#include <cadre_value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cadre_typed {
    char type; //  The letter of cadre_submit; 0 behind the last argument
    union {
        int64_t number;   //  i
        uint64_t natural; //  u
        double real;      //  d
        bool flag;        //  b
        const void *data; //  s, S, B, v: borrowed
    } as;
    size_t size_bytes; //  S, B
} cadre_typed_t;

//  One of that type, with nothing in it.
static inline cadre_typed_t cadre_typed_of (char type)
{
    cadre_typed_t self = {0, {0}, 0};
    self.type = type;
    return self;
}

static inline cadre_typed_t cadre_typed_int (int64_t value)
{
    cadre_typed_t self = cadre_typed_of ('i');
    self.as.number = value;
    return self;
}

static inline cadre_typed_t cadre_typed_uint (uint64_t value)
{
    cadre_typed_t self = cadre_typed_of ('u');
    self.as.natural = value;
    return self;
}

static inline cadre_typed_t cadre_typed_double (double value)
{
    cadre_typed_t self = cadre_typed_of ('d');
    self.as.real = value;
    return self;
}

static inline cadre_typed_t cadre_typed_bool (bool value)
{
    cadre_typed_t self = cadre_typed_of ('b');
    self.as.flag = value;
    return self;
}

static inline cadre_typed_t cadre_typed_nil (void)
{
    return cadre_typed_of ('n');
}

static inline cadre_typed_t cadre_typed_text (const char *value)
{
    cadre_typed_t self = cadre_typed_of ('s');
    self.as.data = value;
    return self;
}

static inline cadre_typed_t cadre_typed_blob (const void *bytes, size_t size_bytes)
{
    cadre_typed_t self = cadre_typed_of ('B');
    self.as.data = bytes;
    self.size_bytes = size_bytes;
    return self;
}

static inline cadre_typed_t cadre_typed_value (const cadre_value_t *value)
{
    cadre_typed_t self = cadre_typed_of ('v');
    self.as.data = value;
    return self;
}

static inline cadre_typed_t cadre_typed_same (cadre_typed_t self)
{
    return self;
}

//  The arguments as a list. NULL: one of them is a NULL text, or has no type.
CADRE_EXPORT cadre_value_t *cadre_value_of_typed (const cadre_typed_t *arguments);

#ifdef __cplusplus
}
#endif

//  ---- CADRE_ARGS ---------------------------------------------------------------

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define CADRE_TYPED(x)                                                                             \
    _Generic ((x),                                                                                           \
        bool: cadre_typed_bool,                                                                              \
        char: cadre_typed_int,                                                                               \
        signed char: cadre_typed_int,                                                                        \
        short: cadre_typed_int,                                                                              \
        int: cadre_typed_int,                                                                                \
        long: cadre_typed_int,                                                                               \
        long long: cadre_typed_int,                                                                          \
        unsigned char: cadre_typed_uint,                                                                     \
        unsigned short: cadre_typed_uint,                                                                    \
        unsigned: cadre_typed_uint,                                                                          \
        unsigned long: cadre_typed_uint,                                                                     \
        unsigned long long: cadre_typed_uint,                                                                \
        float: cadre_typed_double,                                                                           \
        double: cadre_typed_double,                                                                          \
        char *: cadre_typed_text,                                                                            \
        const char *: cadre_typed_text,                                                                      \
        cadre_value_t *: cadre_typed_value,                                                                  \
        const cadre_value_t *: cadre_typed_value,                                                            \
        cadre_typed_t: cadre_typed_same) (x)
#define CADRE_ARGS_1(a) CADRE_TYPED (a)
#define CADRE_ARGS_2(a, ...) CADRE_TYPED (a), CADRE_ARGS_1 (__VA_ARGS__)
#define CADRE_ARGS_3(a, ...) CADRE_TYPED (a), CADRE_ARGS_2 (__VA_ARGS__)
#define CADRE_ARGS_4(a, ...) CADRE_TYPED (a), CADRE_ARGS_3 (__VA_ARGS__)
#define CADRE_ARGS_5(a, ...) CADRE_TYPED (a), CADRE_ARGS_4 (__VA_ARGS__)
#define CADRE_ARGS_6(a, ...) CADRE_TYPED (a), CADRE_ARGS_5 (__VA_ARGS__)
#define CADRE_ARGS_7(a, ...) CADRE_TYPED (a), CADRE_ARGS_6 (__VA_ARGS__)
#define CADRE_ARGS_8(a, ...) CADRE_TYPED (a), CADRE_ARGS_7 (__VA_ARGS__)
#define CADRE_ARGS_9(a, ...) CADRE_TYPED (a), CADRE_ARGS_8 (__VA_ARGS__)
#define CADRE_ARGS_10(a, ...) CADRE_TYPED (a), CADRE_ARGS_9 (__VA_ARGS__)
#define CADRE_ARGS_11(a, ...) CADRE_TYPED (a), CADRE_ARGS_10 (__VA_ARGS__)
#define CADRE_ARGS_12(a, ...) CADRE_TYPED (a), CADRE_ARGS_11 (__VA_ARGS__)
#define CADRE_ARGS_PICK(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, name, ...) name
//  The last name is never picked: without it, strict compilers miss an argument.
#define CADRE_ARGS(...)                                                                            \
    ((const cadre_typed_t []){                                                                     \
        CADRE_ARGS_PICK (__VA_ARGS__, CADRE_ARGS_12, CADRE_ARGS_11, CADRE_ARGS_10, CADRE_ARGS_9,   \
                         CADRE_ARGS_8, CADRE_ARGS_7, CADRE_ARGS_6, CADRE_ARGS_5, CADRE_ARGS_4,     \
                         CADRE_ARGS_3, CADRE_ARGS_2, CADRE_ARGS_1, 0) (__VA_ARGS__),               \
        {0, {0}, 0}})
#endif

#if defined(__cplusplus) && __cplusplus >= 201103L
inline cadre_typed_t cadre_typed_any (bool value)
{
    return cadre_typed_bool (value);
}
inline cadre_typed_t cadre_typed_any (int value)
{
    return cadre_typed_int (value);
}
inline cadre_typed_t cadre_typed_any (long value)
{
    return cadre_typed_int (value);
}
inline cadre_typed_t cadre_typed_any (long long value)
{
    return cadre_typed_int (value);
}
inline cadre_typed_t cadre_typed_any (unsigned value)
{
    return cadre_typed_uint (value);
}
inline cadre_typed_t cadre_typed_any (unsigned long value)
{
    return cadre_typed_uint (value);
}
inline cadre_typed_t cadre_typed_any (unsigned long long value)
{
    return cadre_typed_uint (value);
}
inline cadre_typed_t cadre_typed_any (float value)
{
    return cadre_typed_double (double (value));
}
inline cadre_typed_t cadre_typed_any (double value)
{
    return cadre_typed_double (value);
}
inline cadre_typed_t cadre_typed_any (const char *value)
{
    return cadre_typed_text (value);
}
inline cadre_typed_t cadre_typed_any (const cadre_value_t *value)
{
    return cadre_typed_value (value);
}
inline cadre_typed_t cadre_typed_any (cadre_typed_t value)
{
    return value;
}

//  Lives until the end of the expression in which CADRE_ARGS stands.
template <size_t count> struct cadre_typed_list {
    cadre_typed_t items [count + 1];
    operator const cadre_typed_t * () const
    {
        return items;
    }
};
template <typename... types>
cadre_typed_list<sizeof...(types)> cadre_typed_list_of (types... arguments)
{
    return {{cadre_typed_any (arguments)..., cadre_typed_t ()}};
}
#define CADRE_ARGS(...) cadre_typed_list_of (__VA_ARGS__)
#endif

#endif
