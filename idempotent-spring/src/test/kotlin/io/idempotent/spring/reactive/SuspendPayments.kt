package io.idempotent.spring.reactive

import io.idempotent.IdempotencyContext
import io.idempotent.Reconciliation
import io.idempotent.spring.annotation.Idempotent
import io.idempotent.spring.annotation.Idempotent.Retry
import io.idempotent.spring.operation.WhenAbandoned
import io.idempotent.spring.operation.WhenCancelled
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.future.await
import kotlinx.coroutines.future.future
import kotlinx.coroutines.reactor.ReactorContext
import kotlinx.coroutines.reactor.awaitSingle
import reactor.util.context.Context

data class Note(val text: String, val times: Int = 1)

open class SuspendPayments(private val script: Script) {

    @Idempotent(key = "#id")
    open suspend fun pay(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id")
    open suspend fun nothing(id: String) {
        run(id)
    }

    @Idempotent(key = "#id")
    open suspend fun maybe(id: String): String? = run(id) as String?

    @Idempotent(key = "#id", waitAtMost = "20s")
    open suspend fun waiting(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id", recordFailures = [Declined::class])
    open suspend fun declined(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id", unknownOn = [Uncertain::class], whenAbandoned = WhenAbandoned.REFUSE)
    open suspend fun uncertain(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(
        key = "#id",
        unknownOn = [Uncertain::class],
        whenAbandoned = WhenAbandoned.RECONCILE,
        reconcileWith = "find"
    )
    open suspend fun reconciled(id: String): Receipt? = run(id) as Receipt?

    fun find(id: String): Reconciliation<Receipt> = Reconciliation.completed(Receipt("found $id", 7))

    @Idempotent(key = "#id", unless = "#result.amount() == 0")
    open suspend fun unless(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id", whenCancelled = WhenCancelled.GO_ON)
    open suspend fun goesOn(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id", retry = Retry(maxRetries = 2, delay = "1ms", excludes = [Declined::class]))
    open suspend fun retried(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#id", lease = "300ms")
    open suspend fun brief(id: String): Receipt? = run(id) as Receipt?

    @Idempotent(key = "#order.id")
    open suspend fun order(order: Order): Receipt? = run(order.id) as Receipt?

    @Idempotent(key = "#id")
    open suspend fun breaks(id: String): Receipt? = throw script.broken(id)

    @Idempotent(key = "#id")
    open suspend fun annotated(id: String, note: Note = Note("none")): Note {
        run(id)
        return note.copy(times = note.times + 1)
    }

    private suspend fun run(id: String): Any? {
        val context = ReactiveIdempotencyContext.current().awaitSingle()
        return script.begin(id, context).await()
    }
}

open class Flows {
    @Idempotent(key = "#id")
    open fun many(id: String): Flow<String> = flowOf(id)
}

open class SuspendedFlows {
    @Idempotent(key = "#id")
    open suspend fun many(id: String): Flow<String> = flowOf(id)
}

/** Calls suspending functions for Java. */
@OptIn(DelicateCoroutinesApi::class)
class SuspendCalls(private val payments: SuspendPayments) : Calls {

    override fun call(operation: String, argument: Any): CompletableFuture<Any?> = GlobalScope.future(caller()) {
        when (operation) {
            "pay" -> payments.pay(argument as String)
            "nothing" -> payments.nothing(argument as String).let { null }
            "maybe" -> payments.maybe(argument as String)
            "waiting" -> payments.waiting(argument as String)
            "declined" -> payments.declined(argument as String)
            "uncertain" -> payments.uncertain(argument as String)
            "reconciled" -> payments.reconciled(argument as String)
            "unless" -> payments.unless(argument as String)
            "goesOn" -> payments.goesOn(argument as String)
            "retried" -> payments.retried(argument as String)
            "brief" -> payments.brief(argument as String)
            "breaks" -> payments.breaks(argument as String)
            "order" -> payments.order(argument as Order)
            "annotated" -> payments.annotated(argument as String).toString()
            else -> throw IllegalArgumentException(operation)
        }
    }

    private fun caller(): CoroutineContext = IdempotencyContext.currentOrNull()
        ?.let { ReactorContext(Context.of(ReactiveIdempotencyContext.KEY, it)) } ?: EmptyCoroutineContext
}
