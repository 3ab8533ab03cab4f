/*  cadre_letters.h - the compiler compares letters with arguments
 *
 *  cadre_submit, cadre_call and cadre_job_add take a letter for each argument, as printf does. GCC
 *  (from -O1 on) and Clang compare them with the arguments, in C11 and later, and warn of a call
 *  that does not match:
 *
 *      cadre_submit (pool, "square", "i", 7);      7 is an int, and i takes an int64_t
 *
 *  They can do so where the letters are a literal of i u d b s v, up to 12. Not checked are other
 *  letters (S B n), and calls in C++: there CADRE_ARGS (cadre_typed.h) needs no letters at all.
 *  `#define CADRE_UNCHECKED` before the include turns the check off, as do parentheses for one
 *  call: (cadre_submit) (pool, ...).
 */

#ifndef CLIENT_INCLUDE_CADRE_LETTERS_H_INCLUDED
#define CLIENT_INCLUDE_CADRE_LETTERS_H_INCLUDED

#include <cadre_value.h>

#if defined(__GNUC__) && defined(__has_attribute) && !defined(__cplusplus)                         \
    && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && !defined(CADRE_UNCHECKED)
#if __has_attribute(warning)
#define CADRE_LETTERS_ARE_CHECKED 1

//  Does nothing. The warning of a call to it names the mistake.
CADRE_EXPORT void cadre_letters_do_not_match (void) __attribute__ ((
    warning ("an argument is not of the type that its letter says, or they are not as many")));

//  What an argument is, and what a letter wants; 0: not a plain letter.
#define CADRE_LETTERS_IS(x)                                                                        \
    _Generic((x), long : 1, unsigned long : 1, long long : 1, unsigned long long : 1, bool : 2,    \
             char : 2, signed char : 2, unsigned char : 2, short : 2, unsigned short : 2, int : 2, \
             unsigned : 2, float : 3, double : 3, char * : 4, const char * : 4, void * : 5,        \
             cadre_value_t * : 5, const cadre_value_t * : 5, default : 6)
#define CADRE_LETTERS_WANTS(c)                                                                     \
    ((c) == 'i' || (c) == 'u' ? 1                                                                  \
     : (c) == 'b'             ? 2                                                                  \
     : (c) == 'd'             ? 3                                                                  \
     : (c) == 's'             ? 4                                                                  \
     : (c) == 'v'             ? 5                                                                  \
                              : 0)
#define CADRE_LETTERS_LENGTH(t) __builtin_strlen (t)
#define CADRE_LETTERS_PLAIN(t, k) (CADRE_LETTERS_LENGTH (t) <= (k) || CADRE_LETTERS_WANTS ((t) [k]))
#define CADRE_LETTERS_OFF(t, k, x) (CADRE_LETTERS_WANTS ((t) [k]) != CADRE_LETTERS_IS (x))
#define CADRE_LETTERS_ALL_PLAIN(t)                                                                 \
    (CADRE_LETTERS_LENGTH (t) <= 12 && CADRE_LETTERS_PLAIN (t, 0) && CADRE_LETTERS_PLAIN (t, 1)    \
     && CADRE_LETTERS_PLAIN (t, 2) && CADRE_LETTERS_PLAIN (t, 3) && CADRE_LETTERS_PLAIN (t, 4)     \
     && CADRE_LETTERS_PLAIN (t, 5) && CADRE_LETTERS_PLAIN (t, 6) && CADRE_LETTERS_PLAIN (t, 7)     \
     && CADRE_LETTERS_PLAIN (t, 8) && CADRE_LETTERS_PLAIN (t, 9) && CADRE_LETTERS_PLAIN (t, 10)    \
     && CADRE_LETTERS_PLAIN (t, 11))
#define CADRE_LETTERS_0(t) 0
#define CADRE_LETTERS_1(t, a) (CADRE_LETTERS_0 (t) || CADRE_LETTERS_OFF (t, 0, a))
#define CADRE_LETTERS_2(t, a, b) (CADRE_LETTERS_1 (t, a) || CADRE_LETTERS_OFF (t, 1, b))
#define CADRE_LETTERS_3(t, a, b, c) (CADRE_LETTERS_2 (t, a, b) || CADRE_LETTERS_OFF (t, 2, c))
#define CADRE_LETTERS_4(t, a, b, c, d) (CADRE_LETTERS_3 (t, a, b, c) || CADRE_LETTERS_OFF (t, 3, d))
#define CADRE_LETTERS_5(t, a, b, c, d, e)                                                          \
    (CADRE_LETTERS_4 (t, a, b, c, d) || CADRE_LETTERS_OFF (t, 4, e))
#define CADRE_LETTERS_6(t, a, b, c, d, e, f)                                                       \
    (CADRE_LETTERS_5 (t, a, b, c, d, e) || CADRE_LETTERS_OFF (t, 5, f))
#define CADRE_LETTERS_7(t, a, b, c, d, e, f, g)                                                    \
    (CADRE_LETTERS_6 (t, a, b, c, d, e, f) || CADRE_LETTERS_OFF (t, 6, g))
#define CADRE_LETTERS_8(t, a, b, c, d, e, f, g, h)                                                 \
    (CADRE_LETTERS_7 (t, a, b, c, d, e, f, g) || CADRE_LETTERS_OFF (t, 7, h))
#define CADRE_LETTERS_9(t, a, b, c, d, e, f, g, h, i)                                              \
    (CADRE_LETTERS_8 (t, a, b, c, d, e, f, g, h) || CADRE_LETTERS_OFF (t, 8, i))
#define CADRE_LETTERS_10(t, a, b, c, d, e, f, g, h, i, j)                                          \
    (CADRE_LETTERS_9 (t, a, b, c, d, e, f, g, h, i) || CADRE_LETTERS_OFF (t, 9, j))
#define CADRE_LETTERS_11(t, a, b, c, d, e, f, g, h, i, j, k)                                       \
    (CADRE_LETTERS_10 (t, a, b, c, d, e, f, g, h, i, j) || CADRE_LETTERS_OFF (t, 10, k))
#define CADRE_LETTERS_12(t, a, b, c, d, e, f, g, h, i, j, k, l)                                    \
    (CADRE_LETTERS_11 (t, a, b, c, d, e, f, g, h, i, j, k) || CADRE_LETTERS_OFF (t, 11, l))
#define CADRE_LETTERS_MANY(...) 0
#define CADRE_LETTERS_PICK(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,   \
                           a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29,   \
                           a30, a31, a32, name, ...)                                               \
    name
//  The last 0 is never picked: without it, strict compilers miss an argument.
#define CADRE_LETTERS_COUNT(...)                                                                   \
    CADRE_LETTERS_PICK (__VA_ARGS__, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,   \
                        99, 99, 99, 99, 99, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0)
#define CADRE_LETTERS_EACH(...)                                                                    \
    CADRE_LETTERS_PICK (                                                                           \
        __VA_ARGS__, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY,                   \
        CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY,            \
        CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY,            \
        CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY,            \
        CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY, CADRE_LETTERS_MANY,            \
        CADRE_LETTERS_MANY, CADRE_LETTERS_12, CADRE_LETTERS_11, CADRE_LETTERS_10, CADRE_LETTERS_9, \
        CADRE_LETTERS_8, CADRE_LETTERS_7, CADRE_LETTERS_6, CADRE_LETTERS_5, CADRE_LETTERS_4,       \
        CADRE_LETTERS_3, CADRE_LETTERS_2, CADRE_LETTERS_1, CADRE_LETTERS_0, 0)                     \
    (__VA_ARGS__)
//  NULL instead of letters is not checked: the text in its place is too long for that.
#define CADRE_LETTERS_FIRST(t, ...)                                                                \
    _Generic((t), char * : (t), const char * : (t), default : "no letters...")
#define CADRE_LETTERS_DIFFER(t, count, off)                                                        \
    (CADRE_LETTERS_ALL_PLAIN (t) && (count) <= 12 && (CADRE_LETTERS_LENGTH (t) != (count) || (off)))
#define CADRE_LETTERS_WRONG(...)                                                                   \
    CADRE_LETTERS_DIFFER (CADRE_LETTERS_FIRST (__VA_ARGS__, 0), CADRE_LETTERS_COUNT (__VA_ARGS__), \
                          CADRE_LETTERS_EACH (__VA_ARGS__))

//  Of the letters and arguments of a call. They are not evaluated.
#define CADRE_LETTERS_CHECK(...)                                                                   \
    (__builtin_constant_p (CADRE_LETTERS_WRONG (__VA_ARGS__)) && CADRE_LETTERS_WRONG (__VA_ARGS__) \
         ? cadre_letters_do_not_match ()                                                           \
         : (void) 0)
#endif
#endif

#endif
