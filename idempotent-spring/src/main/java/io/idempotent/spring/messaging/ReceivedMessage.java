package io.idempotent.spring.messaging;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What identifies a message that was received. */
public interface ReceivedMessage {

    /** A header of the message: a text, or its bytes in UTF-8; null if it has none of that name. */
    @Nullable
    Object header(String name);

    /** The id that the message got when it was sent, the same with each delivery; null if it has none. */
    @Nullable
    String id();

    /** What identifies the place that the message was delivered from; null if there is no such thing. */
    @Nullable
    List<String> delivery();
}
