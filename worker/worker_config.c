//  worker_config.c - copies options and sets defaults

#include "worker/worker_config.h"

#include "common/cpus.h"
#include "common/descriptors.h"
#include "common/log.h"
#include "common/pack.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAIN_MS 30000
#define DESCRIPTORS_BASE 16 //  Sockets with their own descriptors, epoll, eventfd
#define DESCRIPTORS_SLOT 5  //  Socketpair, page, pidfd, and copies while it starts

static size_t s_worker_config_pack_texts (buffer_t *self, const char *const *texts)
{
    size_t count = 0;
    for (; texts && texts [count]; count++)
        pack_text (self, texts [count]);
    return count;
}

static char *s_worker_config_copy (const char *text)
{
    char *copy = strdup (text ? text : "");
    assert (copy);
    return copy;
}

void worker_config_copy (worker_config_t *self, const worker_options_t *options)
{
    char path [HOST_PATH_BYTES];
    *self = (worker_config_t){.options = *options};
    host_name (self->host, sizeof (self->host));
    if (options->name)
        snprintf (self->name, sizeof (self->name), "%s", options->name);
    else
        host_label (self->name, sizeof (self->name));
    self->broker = s_worker_config_copy (options->broker);
    self->has_keys = options->keys != NULL;
    if (options->keys)
        self->keys = *options->keys;
    self->proxy = options->proxy ? s_worker_config_copy (options->proxy) : NULL;
    self->task_broker =
        s_worker_config_copy (options->task_broker ? options->task_broker : options->broker);
    self->slot_path =
        s_worker_config_copy (options->slot_path ? options->slot_path : host_slot_path (path));
    if (options->run_as_user)
        self->run_as_user = *options->run_as_user;
    self->environment = slot_environment_new (&self->run_as_user);
    self->plugins_count = s_worker_config_pack_texts (&self->plugins, options->plugins);
    self->program_count = s_worker_config_pack_texts (&self->program, options->program);
    self->labels_count = s_worker_config_pack_texts (&self->labels, options->labels);
    if (self->options.slots == 0)
        self->options.slots = (unsigned) cpus_usable (NULL);
    if (self->options.drain_timeout_ms == 0)
        self->options.drain_timeout_ms = DRAIN_MS;
    if (self->options.threads)
        self->options.commands = false;
}

cadre_error_t worker_config_fit_slots (worker_config_t *self, fault_t *fault)
{
    worker_options_t *options = &self->options;
    const size_t left = descriptors_free ();
    const size_t most = left > DESCRIPTORS_BASE ? (left - DESCRIPTORS_BASE) / DESCRIPTORS_SLOT : 0;
    if (most >= options->slots)
        return CADRE_OK;
    if (most == 0)
        return descriptors_need (DESCRIPTORS_BASE + DESCRIPTORS_SLOT, "a worker with one slot",
                                 fault);
    log_line (
        LOG_WARNING, "W070",
        "%zu slots instead of %u: for more, %zu file descriptors must be free, and %zu are: raise the limit "
        "with ulimit -n",
        most, options->slots, DESCRIPTORS_BASE + (size_t) options->slots * DESCRIPTORS_SLOT, left);
    options->slots = (unsigned) most;
    return CADRE_OK;
}

void worker_config_free (worker_config_t *self)
{
    buffer_free (&self->plugins);
    buffer_free (&self->program);
    buffer_free (&self->labels);
    free (self->broker);
    free (self->proxy);
    free (self->task_broker);
    free (self->slot_path);
    slot_environment_destroy (&self->environment);
    explicit_bzero (self, sizeof *self);
}

//  Plugins without a folder in their name are searched for elsewhere.
cadre_error_t worker_config_check (const worker_config_t *self, fault_t *fault)
{
    cadre_error_t error = run_as_check (&self->run_as_user, self->slot_path, true, fault);
    cursor_t cursor = cursor_of (self->plugins.data, self->plugins.size);
    view_t name;
    for (size_t i = 0; i < self->plugins_count && !error && cursor_text (&cursor, &name); i++) {
        char *path = view_text (name);
        if (strchr (path, '/'))
            error = run_as_check (&self->run_as_user, path, false, fault);
        free (path);
    }
    return error;
}

bool worker_config_has_functions (const worker_config_t *self)
{
    return self->options.functions || self->plugins_count || self->program_count;
}

slot_handle_start_t worker_config_start (const worker_config_t *self)
{
    return (slot_handle_start_t){
        .path = self->slot_path,
        .environment = self->environment,
        .threads = self->options.threads,
        .functions = self->options.functions,
        .greeting = {.plugins = wire_list_of (&self->plugins, self->plugins_count),
                     .program = wire_list_of (&self->program, self->program_count),
                     .broker = wire_view (self->task_broker)}};
}

wire_worker_hello_t worker_config_hello (const worker_config_t *self)
{
    return (wire_worker_hello_t){.name = wire_view (self->name),
                                 .host = wire_view (self->host),
                                 .pid = (uint64_t) getpid (),
                                 .version = wire_view (CADRE_VERSION_STRING),
                                 .slots = self->options.slots,
                                 .threads = self->options.threads,
                                 .commands = self->options.commands,
                                 .labels = wire_list_of (&self->labels, self->labels_count)};
}
