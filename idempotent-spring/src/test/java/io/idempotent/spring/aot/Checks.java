package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.test.CallCounter;
import java.math.BigDecimal;
import java.util.UUID;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;

/** What holds in an application that was processed ahead of time, and is checked in its own JVM. */
final class Checks {

    private Checks() {}

    static void paymentsRunOnce(BeanFactory beans) {
        Payments payments = beans.getBean(Payments.class);
        assertThat(AopUtils.isCglibProxy(payments)).isTrue();
        assertThat(payments.getClass().getProtectionDomain().getCodeSource().getLocation())
                .as("where the proxy's class is from: generated ahead of time, and not from memory")
                .isNotEqualTo(
                        Payments.class.getProtectionDomain().getCodeSource().getLocation());
        Request request = new Request(UUID.randomUUID().toString(), new BigDecimal("12.50"));
        Request other = new Request(request.id(), new BigDecimal("13.50"));

        assertThat(payments.payInMemory(request)).isEqualTo(payments.payInMemory(request));
        assertThat(payments.payInDatabase(request)).isEqualTo(payments.payInDatabase(request));
        assertThat(payments.payInRedis(request)).isEqualTo(payments.payInRedis(request));
        assertThatThrownBy(() -> payments.payInMemory(other)).isInstanceOf(IdempotencyKeyReusedException.class);
        assertThatThrownBy(() -> payments.payInDatabase(other)).isInstanceOf(IdempotencyKeyReusedException.class);
        assertThatThrownBy(() -> payments.payInRedis(other)).isInstanceOf(IdempotencyKeyReusedException.class);

        CallCounter counter = beans.getBean(CallCounter.class);
        for (String operation : new String[] {"in-memory", "in-database", "in-redis"}) {
            assertThat(counter.executions(operation)).as(operation).isEqualTo(1);
            assertThat(counter.replays(operation)).as(operation).isEqualTo(1);
        }
        assertThat(beans.getBean(IdempotencyRecords.class)
                        .find(IdempotencyKey.of("in-database", "key-" + request.id())))
                .isNotNull();
    }

    static void aFinalFailureIsReplayed(BeanFactory beans) {
        Payments payments = beans.getBean(Payments.class);
        Request negative = new Request(UUID.randomUUID().toString(), new BigDecimal("-1"));

        for (int call = 0; call < 2; call++) {
            assertThatThrownBy(() -> payments.payInDatabase(negative))
                    .isExactlyInstanceOf(Declined.class)
                    .hasMessage("a negative amount");
        }
        assertThat(beans.getBean(CallCounter.class).executions("in-database")).isEqualTo(2);
    }

    static void atomicOrdersRunOnce(BeanFactory beans) {
        AtomicOrders orders = beans.getBean(AtomicOrders.class);
        int before = orders.count();

        assertThat(orders.order("order")).isEqualTo(before + 1);
        assertThat(orders.order("order")).isEqualTo(before + 1);
        assertThat(orders.count()).isEqualTo(before + 1);
    }

    static void transfersRunOnce(BeanFactory beans) {
        Transfers transfers = beans.getBean(Transfers.class);
        assertThat(AopUtils.isJdkDynamicProxy(transfers)).isTrue();

        assertThat(transfers.transfer("transfer")).isEqualTo(transfers.transfer("transfer"));
        assertThat(transfers.transfer("another")).isNotEqualTo(transfers.transfer("transfer"));
    }
}
