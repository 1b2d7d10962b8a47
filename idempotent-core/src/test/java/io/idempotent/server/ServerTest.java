package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The list of servers that are wanted, and what is said of one that does not start. */
class ServerTest {

    @Test
    void aListOfIdsIsRead() {
        assertThat(Server.parse("postgres-15, redis")).containsExactly(Server.POSTGRES_15, Server.REDIS);
        assertThat(Server.parse("none")).isEmpty();
    }

    @Test
    void anIdThatIsNotKnownIsRefusedWithThoseThatAre() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Server.parse("redis,postgres-17"))
                .withMessage("-Dservers=redis,postgres-17 names 'postgres-17';"
                        + " known are postgres-15,postgres-18,mariadb,redis, and none");
        assertThatIllegalArgumentException().isThrownBy(() -> Server.parse("")).withMessageContaining("names ''");
    }

    @Test
    @NeedsServer(Server.REDIS)
    void aServerThatDoesNotStartIsTriedOnceAndSaysWhichWhyAndHowToLeaveItOut() {
        AtomicInteger starts = new AtomicInteger();
        Starting<String> starting = new Starting<>(Server.REDIS, () -> {
            starts.incrementAndGet();
            throw new IOException("its disk is full");
        });

        for (int asked = 0; asked < 2; asked++) {
            assertThatThrownBy(starting::get)
                    .isInstanceOf(ServerException.class)
                    .hasMessageContainingAll(
                            "Redis does not start on ", "its disk is full", "To leave it out: -Dservers=")
                    .hasMessageMatching("(?s).*-Dservers=(none|(?!.*redis).*)");
        }
        assertThat(starts).hasValue(1);
    }
}
