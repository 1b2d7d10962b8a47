package io.idempotent.spring.operation;

import java.util.Map;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.NOPLoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;
import org.springframework.util.ClassUtils;

/**
 * A log whose lines have pairs of names and values beside their message, which structured logging prints. Commons
 * Logging, which Spring logs by, knows no pairs. So the lines go to SLF4J where it is there and leads somewhere, which
 * is where Commons Logging leads to, too. Elsewhere they go to Commons Logging, without the pairs.
 */
abstract sealed class EventLog {

    /** How much a line matters. */
    enum Level {
        DEBUG,
        INFO,
        WARN,
        ERROR
    }

    private static final boolean STRUCTURED =
            ClassUtils.isPresent("org.slf4j.spi.LoggingEventBuilder", EventLog.class.getClassLoader())
                    && Structured.leadsSomewhere();

    /** Tells whether lines go to SLF4J. */
    static boolean isStructured() {
        return STRUCTURED;
    }

    /** Returns the log of this name. */
    static EventLog of(String name) {
        return STRUCTURED ? new Structured(name) : new Plain(name);
    }

    /** Tells whether anybody reads what is logged at level debug. */
    abstract boolean isDebugEnabled();

    /**
     * Logs a line.
     *
     * @param failure what failed, or null
     * @param pairs what the line is about
     */
    abstract void log(Level level, String message, @Nullable Throwable failure, Map<String, ?> pairs);

    /** By SLF4J. Loaded only where that is there. */
    private static final class Structured extends EventLog {

        private final Logger logger;

        Structured(String name) {
            logger = LoggerFactory.getLogger(name);
        }

        static boolean leadsSomewhere() {
            return !(LoggerFactory.getILoggerFactory() instanceof NOPLoggerFactory);
        }

        @Override
        boolean isDebugEnabled() {
            return logger.isDebugEnabled();
        }

        @Override
        void log(Level level, String message, @Nullable Throwable failure, Map<String, ?> pairs) {
            LoggingEventBuilder line = logger.atLevel(org.slf4j.event.Level.valueOf(level.name()));
            if (failure != null) {
                line = line.setCause(failure);
            }
            for (Map.Entry<String, ?> pair : pairs.entrySet()) {
                line = line.addKeyValue(pair.getKey(), pair.getValue());
            }
            line.log(message);
        }
    }

    /** By Commons Logging. */
    private static final class Plain extends EventLog {

        private final Log logger;

        Plain(String name) {
            logger = LogFactory.getLog(name);
        }

        @Override
        boolean isDebugEnabled() {
            return logger.isDebugEnabled();
        }

        @Override
        void log(Level level, String message, @Nullable Throwable failure, Map<String, ?> pairs) {
            switch (level) {
                case DEBUG -> logger.debug(message, failure);
                case INFO -> logger.info(message, failure);
                case WARN -> logger.warn(message, failure);
                case ERROR -> logger.error(message, failure);
            }
        }
    }
}
