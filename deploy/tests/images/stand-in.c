/* What the tests of deployment run in the service's place where the service itself would be too well-behaved: one static program
 * that does what its first argument says. "serve" is just enough of a service to try the machinery without building the real one. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void end(int signal_number) { (void)signal_number; _exit(0); }

static void say_ready(void) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path) return;
    strcpy(address.sun_path, path);
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    sendto(manager, "READY=1", 7, 0, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + strlen(path));
    close(manager);
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("can't listen");
        exit(1);
    }
    return listener;
}

static void answer(int client, const char *version) {
    char body[200], text[400];
    while (recv(client, text, sizeof text, 0) == sizeof text) { }
    snprintf(body, sizeof body, "{\"name\":\"stand-in\",\"version\":\"%s\"}\n", version);
    int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          strlen(body), body);
    send(client, text, (size_t)length, MSG_NOSIGNAL);
    close(client);
}

int main(int count, char **words) {
    const char *does = count > 1 ? words[1] : "serve", *version = count > 2 ? words[2] : "0";
    signal(SIGTERM, end);
    if (strcmp(does, "health") == 0) return 0;
    if (strcmp(does, "exit-at-once") == 0) return 3;
    if (strcmp(does, "refuse-old-format") == 0) {
        fputs("the data is of format 1 and this version writes format 2: convert it with `tocos upgrade` first; nothing was changed\n", stderr);
        return 78;
    }
    struct pollfd listeners[2] = {{.fd = listen_on(8080), .events = POLLIN}, {.fd = listen_on(9464), .events = POLLIN}};
    if (strcmp(does, "never-ready") != 0) say_ready();
    if (strcmp(does, "die-when-ready") == 0) { sleep(1); return 4; }
    for (;;) {
        if (poll(listeners, 2, -1) < 0) return 1;
        for (int i = 0; i < 2; i++)
            if (listeners[i].revents & POLLIN) answer(accept(listeners[i].fd, NULL, NULL), version);
    }
}
