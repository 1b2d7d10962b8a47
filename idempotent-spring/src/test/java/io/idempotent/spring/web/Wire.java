package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.idempotent.spring.web.servlet.IdempotencyFilter;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Speaks HTTP/1.1 byte for byte, on a connection for each request. */
final class Wire {

    private Wire() {}

    /**
     * Sends a request and reads all that is answered.
     *
     * @param headers lines without {@code Host} and {@code Content-Length}
     */
    static Response send(String method, URI uri, List<String> headers, byte[] body) throws IOException {
        StringBuilder head = new StringBuilder(method + " " + uri.getRawPath())
                .append(uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())
                .append(" HTTP/1.1\r\nHost: " + uri.getAuthority() + "\r\nConnection: close\r\n");
        headers.forEach(line -> head.append(line).append("\r\n"));
        if (headers.stream().noneMatch(line -> line.startsWith("Transfer-Encoding:"))) {
            head.append("Content-Length: " + body.length + "\r\n");
        }
        try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
            // A response that does not come fails the test, and not the build's time limit.
            socket.setSoTimeout(10_000);
            OutputStream out = socket.getOutputStream();
            out.write(head.append("\r\n").toString().getBytes(ISO_8859_1));
            out.write(body);
            out.flush();
            return Response.of(new String(socket.getInputStream().readAllBytes(), ISO_8859_1));
        }
    }

    /**
     * A response as it was on the wire.
     *
     * @param headers the lines; those of one name in their order, names in the alphabet's: between them order says
     *     nothing
     * @param body as it was sent, in chunks if it was; each byte as one character
     */
    record Response(String statusLine, List<String> headers, String body) {

        private static Response of(String text) {
            int end = text.indexOf("\r\n\r\n");
            if (end < 0) {
                throw new IllegalStateException("no response: '" + text + "'");
            }
            List<String> lines = Arrays.asList(text.substring(0, end).split("\r\n"));
            return new Response(
                    lines.get(0),
                    lines.stream()
                            .skip(1)
                            .sorted(Comparator.comparing(Response::name))
                            .toList(),
                    text.substring(end + 4));
        }

        private static String name(String line) {
            return line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT);
        }

        int status() {
            return Integer.parseInt(statusLine.split(" ", -1)[1]);
        }

        List<String> values(String name) {
            return headers.stream()
                    .filter(line -> name(line).equals(name.toLowerCase(Locale.ROOT)))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .toList();
        }

        boolean isReplayed() {
            return values(IdempotencyFilter.REPLAYED).equals(List.of("true"));
        }

        /** The body, out of its chunks if it was sent in some. */
        String content() {
            if (values("Transfer-Encoding").isEmpty()) {
                return body;
            }
            StringBuilder content = new StringBuilder();
            int index = 0;
            while (true) {
                int end = body.indexOf("\r\n", index);
                int length = Integer.parseInt(body.substring(index, end), 16);
                if (length == 0) {
                    return content.toString();
                }
                content.append(body, end + 2, end + 2 + length);
                index = end + 4 + length;
            }
        }

        /** The body, which is JSON. */
        JsonNode json() {
            return JsonMapper.shared().readTree(content().getBytes(ISO_8859_1));
        }

        /** As it is without these headers, and the moment at which it was given. */
        Response without(String... names) {
            List<String> left = headers.stream()
                    .filter(line -> !name(line).equals("date")
                            && Arrays.stream(names)
                                    .noneMatch(other -> name(line).equalsIgnoreCase(other)))
                    .toList();
            return new Response(statusLine, left, body);
        }
    }
}
