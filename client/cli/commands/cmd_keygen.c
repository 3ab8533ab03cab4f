//  cmd_keygen.c - cadre keygen: creates, renews and revokes keys of peers

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/hosts/grant.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "common/access.h"
#include "common/address.h"
#include "common/keydir.h"

typedef struct keygen {
    const char *name;              //  of the key
    const char *folder;            //  --keys, or NULL
    const char *address;           //  --address, or NULL
    const char *out;               //  --out, or NULL
    role_t role;                   //  --role
    const char *jobs;              //  --jobs: own or all, or NULL
    const char **functions;        //  --function, NULL-terminated, or NULL
    bool rotate;                   //  --rotate
    bool revoke;                   //  --revoke
    char path [KEYDIR_PATH_BYTES]; //  the folder in use
} keygen_t;

enum {
    KEY_ROLE = 0x7001,
    KEY_KEYS,
    KEY_ADDRESS,
    KEY_FUNCTION,
    KEY_JOBS,
    KEY_OUT,
    KEY_ROTATE,
    KEY_REVOKE
};

static const struct argp_option s_options [] = {
    {"role", KEY_ROLE, "ROLE", 0,
     "client (submits tasks), worker (runs them), observer (sees everything) or "
     "admin (also drains, stops, reloads)",
     0},
    {"jobs", KEY_JOBS, "WHOSE", 0,
     "jobs that a client may see and change: own (those of this key) or all "
     "(default own)",
     0},
    {"address", KEY_ADDRESS, "ADDRESS", 0,
     "address of the broker for the user of the key: tcp://hub:5700", 0},
    {"function", KEY_FUNCTION, "PATTERN", 0,
     "allow only functions with this name (* matches any text), and no commands; "
     "may be repeated",
     0},
    {"out", KEY_OUT, "FILE", 0, "access file to write; - is stdout (default NAME.access)", 0},
    {"keys", KEY_KEYS, "DIR", 0,
     "folder of the broker's keys (default: CADRE_KEYS, else "
     "$XDG_CONFIG_HOME/cadre/keys)",
     0},
    {"rotate", KEY_ROTATE, NULL, 0, "replace the key NAME; the old one becomes invalid", 0},
    {"revoke", KEY_REVOKE, NULL, 0, "make the key NAME invalid", 0},
    {0}};

static void s_set_role (keygen_t *self, const char *text, struct argp_state *state)
{
    fault_t fault = {0};
    if (keys_parse_role (text, &self->role, &fault) != CADRE_OK)
        argp_error (state, "%s", fault.text);
}

static void s_set_jobs (keygen_t *self, const char *text, struct argp_state *state)
{
    if (strcmp (text, "own") != 0 && strcmp (text, "all") != 0)
        argp_error (state, "--jobs is own or all, not '%s'", text);
    self->jobs = text;
}

static void s_set_address (keygen_t *self, const char *text, struct argp_state *state)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = 0;
    fault_t fault = {0};
    if (address_parse_list (text, addresses, ADDRESS_LIST_MAX, &count, &fault) != CADRE_OK)
        argp_error (state, "%s", fault.text);
    for (size_t i = 0; i < count; i++)
        if (address_check_connect (&addresses [i], &fault) != CADRE_OK)
            argp_error (state, "%s", fault.text);
    if (strlen (text) >= ACCESS_ADDRESS_BYTES)
        argp_error (state, "the address is too long");
    self->address = text;
}

static error_t s_keygen_parse (int key, char *argument, struct argp_state *state)
{
    keygen_t *self = state->input;
    switch (key) {
    case KEY_ROLE: s_set_role (self, argument, state); return 0;
    case KEY_KEYS: self->folder = argument; return 0;
    case KEY_ADDRESS: s_set_address (self, argument, state); return 0;
    case KEY_JOBS: s_set_jobs (self, argument, state); return 0;
    case KEY_FUNCTION: subcommand_add (&self->functions, argument); return 0;
    case KEY_OUT: self->out = argument; return 0;
    case KEY_ROTATE: self->rotate = true; return 0;
    case KEY_REVOKE: self->revoke = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

//  ==== actions =====================================================================

static cadre_error_t s_find_folder (keygen_t *self, fault_t *fault)
{
    const char *named = self->folder ? self->folder : getenv ("CADRE_KEYS");
    if (!named || !*named)
        return keydir_default (self->path, fault);
    if (strlen (named) >= sizeof self->path)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the path after --keys is too long");
    memcpy (self->path, named, strlen (named) + 1);
    return CADRE_OK;
}

static cadre_error_t s_revoke (const keygen_t *self, fault_t *fault)
{
    if (keydir_remove (self->path, self->name, fault))
        return fault->code;
    say ("%s is revoked; a running broker accepts the key until: cadre broker reload", self->name);
    return CADRE_OK;
}

//  Fills the key's entry: from the options, or from the existing entry.
static cadre_error_t s_keygen_describe (const keygen_t *self, keydir_entry_t *entry, fault_t *fault)
{
    if (self->rotate && keydir_get (self->path, self->name, entry, fault))
        return fault->code;
    snprintf (entry->name, sizeof entry->name, "%s", self->name);
    if (self->role != ROLE_NONE && self->role != entry->role) {
        entry->role = self->role;
        entry->all_jobs = false;
    }
    if (self->jobs && entry->role != ROLE_CLIENT)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "--jobs is for keys of role client: observers and admins see all jobs");
    if (self->jobs)
        entry->all_jobs = strcmp (self->jobs, "all") == 0;
    if (!self->functions)
        return CADRE_OK;
    keydir_free (entry);
    for (const char *const *next = (const char *const *) self->functions; *next; next++) {
        if (entry->functions_count == KEYDIR_FUNCTIONS_MAX)
            return fault_set (fault, CADRE_ERROR_ARGUMENT,
                              "a key has at most %d patterns of functions: use * in them",
                              KEYDIR_FUNCTIONS_MAX);
        entry->functions [entry->functions_count++] = strdup (*next);
    }
    return CADRE_OK;
}

static cadre_error_t s_keygen_write (const keygen_t *self, const access_t *access, fault_t *fault)
{
    char file [KEYS_NAME_BYTES + 16];
    snprintf (file, sizeof file, "%s.access", self->name);
    const char *out = self->out ? self->out : file;
    if (strcmp (out, "-") == 0) {
        access_print (access, stdout);
        return CADRE_OK;
    }
    if (access_write (access, out, fault))
        return fault->code;
    line_print_data (out);
    return CADRE_OK;
}

static cadre_error_t s_keygen_make (const keygen_t *self, keydir_entry_t *entry, fault_t *fault)
{
    access_t access;
    cadre_error_t error =
        grant_make (self->path, entry, self->address, self->rotate, &access, fault);
    if (!error)
        error = s_keygen_write (self, &access, fault);
    access_wipe (&access);
    if (!error)
        say ("%s: a key of role %s in %s; a running broker accepts it after: cadre broker "
             "reload",
             self->name, keys_role_name (entry->role), self->path);
    return error;
}

static cadre_error_t s_keygen (keygen_t *self, fault_t *fault)
{
    keydir_entry_t entry = {0};
    if (keys_check_name (self->name, fault) || s_find_folder (self, fault))
        return fault->code;
    if (self->revoke)
        return s_revoke (self, fault);
    cadre_error_t error = s_keygen_describe (self, &entry, fault);
    if (!error)
        error = s_keygen_make (self, &entry, fault);
    keydir_free (&entry);
    return error;
}

int cmd_keygen (int argc, char **argv)
{
    static const struct argp argp = {
        .options = s_options,
        .parser = s_keygen_parse,
        .args_doc = "NAME",
        .doc = "Create a key for a client or worker, and the access file that contains it.\v"
               "Prints the path of the access file. Everybody who has this file can use the "
               "key: send it over a secure channel. The first call also creates the "
               "broker's own key in the same folder.\n\n"
               "A job belongs to the key that created it. A key replaced by --rotate keeps "
               "its jobs. A new key with the name of a revoked one does not get them. To "
               "change --jobs of a key in use, write jobs = \"all\" below metadata in "
               "DIR/NAME.pub, and run 'cadre broker reload'.\n\n"
               "Examples:\n"
               "  cadre keygen node7 --role worker --address tcp://hub:5700\n"
               "  cadre keygen web --role client --address tcp://hub:5700 --function "
               "'image.*'\n"
               "  cadre keygen lead --role client --jobs all --address tcp://hub:5700\n"
               "  cadre keygen node7 --revoke && cadre broker reload",
    };
    keygen_t self = {0};
    fault_t fault = {0};
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, &self);
    if (argc - first != 1)
        return subcommand_usage (argv [0], "one name is needed, not %d", argc - first);
    if (self.rotate && self.revoke)
        return subcommand_usage (argv [0], "--rotate and --revoke exclude each other");
    if (self.role == ROLE_NONE && !self.rotate && !self.revoke)
        return subcommand_usage (argv [0], "--role is missing: client, worker, observer or admin");
    self.name = argv [first];
    s_keygen (&self, &fault);
    free (self.functions);
    return fault.code ? say_fault (&fault) : 0;
}
