/*  request_workers.h - answers about workers, functions and the broker itself */

#ifndef BROKER_FRONT_REQUEST_WORKERS_H_INCLUDED
#define BROKER_FRONT_REQUEST_WORKERS_H_INCLUDED

#include "broker/front/request.h"

request_fn request_worker_list, request_worker_drain, request_worker_stop, request_function_list;
request_fn request_broker_info, request_broker_drain, request_broker_stop, request_broker_reload;

#endif
