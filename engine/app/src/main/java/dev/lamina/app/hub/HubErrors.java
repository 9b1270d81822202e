package dev.lamina.app.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpHeaders;
import java.net.http.HttpTimeoutException;
import java.util.Locale;

/** Turns what the hub answers into sentences. */
final class HubErrors {
  private HubErrors() {}

  /**
   * A status that another attempt does not change.
   *
   * @param what the repository, or the file
   * @param token whether a token was sent
   */
  static HubException of(
      String repo, String what, URI uri, int status, HttpHeaders headers, boolean token) {
    String code = headers.firstValue("X-Error-Code").orElse("").toLowerCase(Locale.ROOT);
    String page = uri.getScheme() + "://" + uri.getAuthority() + "/" + repo;
    if (code.equals("gatedrepo") || (status == 403 && code.isEmpty())) {
      return new HubException(
          repo
              + ": access must be asked for: accept the conditions at "
              + page
              + (token
                  ? " with the account of your token, and see that the token may read gated"
                      + " repositories"
                  : ", and set HF_TOKEN to a token of your account"));
    }
    return switch (status) {
      case 401 ->
          new HubException(
              token
                  ? repo
                      + ": the hub does not accept the token: set HF_TOKEN to a valid one, see "
                      + uri.getScheme()
                      + "://"
                      + uri.getAuthority()
                      + "/settings/tokens"
                  : repo
                      + ": there is no such repository, or it is private: look at the name, or set"
                      + " HF_TOKEN to a token that may read it");
      case 404 ->
          new HubException(
              what.equals(repo)
                  ? repo
                      + ": there is no such repository"
                      + (token ? "" : ", or it is private (then set HF_TOKEN)")
                  : what + ": is not there any more: try again");
      default -> new HubException(what + ": " + uri.getHost() + " answers with status " + status);
    };
  }

  /** A status or failure that stayed, however often it was tried. */
  static HubException gaveUp(String what, URI uri, String why, Throwable cause) {
    return new HubException.Unreachable(
        what
            + ": "
            + uri.getHost()
            + " cannot be reached or breaks off ("
            + why
            + "): try again, which goes on where it stopped; look at the network and at"
            + " https_proxy if it stays so",
        cause);
  }

  /** What a failure is called. */
  static String words(IOException e) {
    return switch (e) {
      case HttpTimeoutException t -> t.getMessage();
      case UnknownHostException u -> "unknown host";
      case ConnectException c
          when c.getCause() instanceof java.nio.channels.UnresolvedAddressException ->
          "unknown host";
      case ConnectException c -> "connection refused";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }
}
