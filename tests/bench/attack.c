//  attack.c - attacks on a broker, each in a process of its own until it is ended

#include "tests/bench/attack.h"
#include "tests/bench/bench.h"

#include "common/descriptors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define SOCKETS 20000
#define WAITING 64 //  Frames on this side

static const struct {
    const char *role;           //  Of the key
    const attack_kind_t *kinds; //  What it does with it
} s_roles [] = {{"client", attack_client_kinds},
                {"observer", attack_observer_kinds},
                {"worker", attack_worker_kinds},
                {"stranger", attack_stranger_kinds}};

#define ROLES (sizeof s_roles / sizeof *s_roles)

//  name: ROLE.KIND
static const attack_kind_t *s_find (const char *name)
{
    for (size_t i = 0; i < ROLES; i++) {
        size_t size = strlen (s_roles [i].role);
        if (strncmp (name, s_roles [i].role, size) != 0 || name [size] != '.')
            continue;
        for (const attack_kind_t *kind = s_roles [i].kinds; kind->name; kind++)
            if (strcmp (name + size + 1, kind->name) == 0)
                return kind;
    }
    bench_die (name, "is no attack; bench attack list names them");
}

static int s_list (void)
{
    for (size_t i = 0; i < ROLES; i++)
        for (const attack_kind_t *kind = s_roles [i].kinds; kind->name; kind++)
            printf ("%s.%s %s\n", s_roles [i].role, kind->name, kind->says);
    return 0;
}

int bench_attack (int argc, char **argv)
{
    attack_t self = {.waiting_max = WAITING};
    fault_t fault = {0};
    if (argc == 1 && strcmp (argv [0], "list") == 0)
        return s_list ();
    if (argc < 2 || !getenv (ACCESS_VARIABLE)
        || access_read (&self.access, getenv (ACCESS_VARIABLE), &fault))
        bench_die ("attack",
                   fault.code ? fault.text : "ROLE.KIND ADDRESS, and CADRE_ACCESS, are needed");
    const attack_kind_t *kind = s_find (argv [0]);
    self.address = argv [1];
    self.number = bench_count (argc, argv, 2, kind->number);
    self.context = zmq_ctx_new ();
    zmq_ctx_set (self.context, ZMQ_MAX_SOCKETS, SOCKETS);
    descriptors_raise ();
    kind->run (&self);
    return 0;
}
