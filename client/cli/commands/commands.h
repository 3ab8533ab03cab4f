/*
 *  commands.h - the commands of `cadre`, one file each (cmd_NAME.c). Each gets its own argc and
 *  argv, with the full name in argv [0], prints its data to stdout through stdio, and returns the
 *  exit code. main flushes stdout.
 */
#ifndef CLIENT_CLI_COMMANDS_COMMANDS_H_INCLUDED
#define CLIENT_CLI_COMMANDS_COMMANDS_H_INCLUDED

int cmd_run (int argc, char **argv);
int cmd_submit (int argc, char **argv);
int cmd_call (int argc, char **argv);
int cmd_map (int argc, char **argv);
int cmd_job (int argc, char **argv);
int cmd_task (int argc, char **argv);
int cmd_worker (int argc, char **argv);
int cmd_deploy (int argc, char **argv); //  cadre worker deploy
int cmd_broker (int argc, char **argv);
int cmd_keygen (int argc, char **argv);
int cmd_up (int argc, char **argv);
int cmd_down (int argc, char **argv);
int cmd_version (int argc, char **argv);
int cmd_doctor (int argc, char **argv);

//  cadre broker health and cadre worker health (health.c).
int health_of_broker (int argc, char **argv);
int health_of_worker (int argc, char **argv);

#endif
