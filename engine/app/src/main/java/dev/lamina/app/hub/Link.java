package dev.lamina.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;

/**
 * Where a file's bytes are: the hub redirects to a signed address on another host, which is good
 * for some time and for any number of ranges.
 */
final class Link {
  private static final int REDIRECTS = 10;

  private final HubHttp http;
  private final URI address;
  private URI signed;

  Link(HubHttp http, URI address) {
    this.http = http;
    this.address = address;
  }

  /** The address at the hub. */
  URI address() {
    return address;
  }

  /** The address that was given out is not good any more. */
  synchronized void expire(URI was) {
    if (was.equals(signed)) {
      signed = null;
    }
  }

  /** An answer, and who gave it. */
  record Answer(HttpResponse<InputStream> response, URI from) {
    int status() {
      return response.statusCode();
    }
  }

  /**
   * Asks for bytes.
   *
   * @param range value of the header {@code Range}, or null
   */
  Answer get(String range) throws IOException, InterruptedException {
    URI known = known();
    if (known != null) {
      return new Answer(http.get(known, range), known);
    }
    // One asks the hub, the others wait for what it says.
    synchronized (this) {
      if (signed == null) {
        return ask(range);
      }
      known = signed;
    }
    return new Answer(http.get(known, range), known);
  }

  private synchronized URI known() {
    return signed;
  }

  private Answer ask(String range) throws IOException, InterruptedException {
    URI at = address;
    for (int i = 0; i < REDIRECTS; i++) {
      HttpResponse<InputStream> answer = http.get(at, range);
      if (!HubHttp.isRedirect(answer.statusCode())) {
        if (answer.statusCode() < 300) {
          signed = at;
        }
        return new Answer(answer, at);
      }
      HubHttp.drop(answer);
      at = HubHttp.target(at, answer);
    }
    throw new IOException("redirected in a circle");
  }
}
