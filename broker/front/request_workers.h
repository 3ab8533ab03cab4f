/*  request_workers.h - handlers of requests about workers, functions and the broker itself */

#ifndef BROKER_FRONT_REQUEST_WORKERS_H_INCLUDED
#define BROKER_FRONT_REQUEST_WORKERS_H_INCLUDED

#include "broker/front/request.h"

request_fn request_workers_list, request_workers_drain, request_workers_stop,
    request_workers_function_list;
request_fn request_workers_broker_info, request_workers_broker_drain, request_workers_broker_stop,
    request_workers_broker_reload;

#endif
