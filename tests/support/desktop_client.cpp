// SPDX-License-Identifier: MIT
// Speaks to a desktop without a library of the image: linked statically, it runs in any. Each way
// says in one line what answered, and exits with 0.
//
//   desktop_client x11 NAME        a window called NAME, its contents through shared memory; stays
//   desktop_client wayland|pulse|bus PATH
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <arpa/inet.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// ---- X11 ----------------------------------------------------------------------------------------

int refuse(Display*, XErrorEvent* event) {
  std::fprintf(stderr, "X error %d of request %d\n", event->error_code, event->request_code);
  std::exit(1);
}

void show_window(const char* name) {
  constexpr unsigned kSide = 64;
  constexpr unsigned long kColour = 0x336699;
  Display* const display = XOpenDisplay(nullptr);
  if (display == nullptr) {
    die("cannot open the display");
  }
  XSetErrorHandler(refuse);
  const int screen = DefaultScreen(display);
  const Window window =
      XCreateSimpleWindow(display, RootWindow(display, screen), 0, 0, kSide, kSide, 0, 0, 0);
  XStoreName(display, window, name);
  XSelectInput(display, window, ExposureMask);
  XMapWindow(display, window);
  XEvent event;
  XNextEvent(display, &event);

  XShmSegmentInfo segment{};
  XImage* const image = XShmCreateImage(display, DefaultVisual(display, screen),
                                        static_cast<unsigned>(DefaultDepth(display, screen)),
                                        ZPixmap, nullptr, &segment, kSide, kSide);
  const std::size_t size = static_cast<std::size_t>(image->bytes_per_line) * kSide;
  segment.shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);
  segment.shmaddr = static_cast<char*>(shmat(segment.shmid, nullptr, 0));
  shmctl(segment.shmid, IPC_RMID, nullptr);
  image->data = segment.shmaddr;
  for (unsigned pixel = 0; pixel < kSide * kSide; ++pixel) {
    XPutPixel(image, static_cast<int>(pixel % kSide), static_cast<int>(pixel / kSide), kColour);
  }
  XShmAttach(display, &segment);
  XShmPutImage(display, window, DefaultGC(display, screen), image, 0, 0, 0, 0, kSide, kSide, False);
  XImage* const seen = XGetImage(display, window, 5, 5, 1, 1, AllPlanes, ZPixmap);
  std::printf("pixel %06lx\n", XGetPixel(seen, 0, 0) & 0xffffffU);
  std::fflush(stdout);
  pause();
}

// ---- sockets ------------------------------------------------------------------------------------

int connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    die(path);
  }
  return fd;
}

std::string ask(const char* path, const std::string& question) {
  const int fd = connect_to(path);
  if (write(fd, question.data(), question.size()) != static_cast<ssize_t>(question.size())) {
    die("write");
  }
  std::array<char, 4096> answer{};
  const ssize_t got = read(fd, answer.data(), answer.size());
  if (got <= 0) {
    die("read");
  }
  return {answer.data(), static_cast<std::size_t>(got)};
}

template <typename... Numbers>
std::string bytes_of(Numbers... numbers) {
  const std::array<std::uint32_t, sizeof...(numbers)> words{numbers...};
  return {reinterpret_cast<const char*>(words.data()), sizeof(words)};
}

/// wl_display (object 1) is asked for its registry, which names what the compositor has.
bool wayland(const char* path) {
  return ask(path, bytes_of(1U, 12U << 16U | 1U, 2U)).find("wl_compositor") != std::string::npos;
}

/// PA_COMMAND_AUTH with an empty cookie; the answer is PA_COMMAND_REPLY.
bool pulse(const char* path) {
  constexpr std::uint32_t kVersion = 32;
  const auto number = [](std::uint32_t value) { return "L" + bytes_of(htonl(value)); };
  const std::string body = number(8) + number(0) + number(kVersion) + "x" + bytes_of(htonl(256)) +
                           std::string(256, '\0');
  const std::string header =
      bytes_of(htonl(static_cast<std::uint32_t>(body.size())), htonl(0xffffffffU), 0U, 0U, 0U);
  const int fd = connect_to(path);
  const std::string question = header + body;
  (void)!write(fd, question.data(), question.size());
  std::array<char, 25> answer{};
  return recv(fd, answer.data(), answer.size(), MSG_WAITALL) == 25 &&
         std::string(answer.data() + 20, 5) == number(2);
}

/// The first step of D-Bus' authentication: the uid is what the socket says it is.
bool bus(const char* path) {
  std::string uid;
  for (const char digit : std::to_string(getuid())) {
    uid += std::string("3") + digit;
  }
  return ask(path, std::string(1, '\0') + "AUTH EXTERNAL " + uid + "\r\n").rfind("OK ", 0) == 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count == 3 ? arguments[1] : "";
  if (what == "x11") {
    show_window(arguments[2]);
  }
  const bool answered = (what == "wayland" && wayland(arguments[2])) ||
                        (what == "pulse" && pulse(arguments[2])) ||
                        (what == "bus" && bus(arguments[2]));
  std::puts(answered ? "answered" : "no answer");
  return answered ? 0 : 1;
}
