package io.idempotent.sample.order;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.idempotent.sample.gateway.PaymentGateway;
import io.idempotent.spring.web.IdempotentEndpoint;
import jakarta.validation.Valid;
import java.net.URI;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Orders over HTTP, each customer's own. They are kept in memory, whatever the profile. */
@RestController
@RequestMapping(path = "/orders", produces = MediaType.APPLICATION_JSON_VALUE)
class OrderController {

    private final PaymentGateway gateway;

    private final Map<String, Queue<Order>> orders = new ConcurrentHashMap<>();

    OrderController(PaymentGateway gateway) {
        this.gateway = gateway;
    }

    /** Places an order; a repetition of the request gets the response of the first time. */
    @IdempotentEndpoint
    @PostMapping
    ResponseEntity<Order> place(@Valid @RequestBody OrderRequest request, Principal customer) {
        gateway.approve();
        Order order = new Order(UUID.randomUUID(), request.item(), request.quantity());
        of(customer).add(order);
        return ResponseEntity.created(URI.create("/orders/" + order.orderId())).body(order);
    }

    @GetMapping
    OrderList list(Principal customer) {
        List<Order> placed = List.copyOf(of(customer));
        return new OrderList(placed.size(), placed);
    }

    @GetMapping("/{orderId}")
    ResponseEntity<Order> find(@PathVariable UUID orderId, Principal customer) {
        return ResponseEntity.of(of(customer).stream()
                .filter(order -> order.orderId().equals(orderId))
                .findFirst());
    }

    private Queue<Order> of(Principal customer) {
        return orders.computeIfAbsent(customer.getName(), name -> new ConcurrentLinkedQueue<>());
    }

    /**
     * What a customer ordered.
     *
     * @param count how many orders there are
     * @param orders all of them, in the sequence in which they were placed
     */
    @JsonPropertyOrder({"count", "orders"})
    record OrderList(int count, List<Order> orders) {}
}
