//! The services of a load and which of them call which: a seeded graph in tiers.

use stacklab_machine::Rng;

use crate::Endpoint;

/// What services are called, and what they are asked to do.
const KNOWN: [(&str, [&str; 2]); 14] = [
    ("frontend", ["get /", "get /checkout"]),
    ("checkout", ["post /orders", "get /orders/{id}"]),
    ("cart", ["get /cart/{user}", "put /cart/{user}"]),
    ("catalog", ["get /products/{id}", "get /search"]),
    ("payment", ["post /charges", "post /refunds"]),
    ("inventory", ["get /stock/{sku}", "post /reservations"]),
    ("shipping", ["get /quotes", "post /shipments"]),
    ("accounts", ["get /users/{id}", "post /login"]),
    ("recommendation", ["get /recommendations", "post /events"]),
    ("pricing", ["get /prices/{sku}", "get /discounts"]),
    ("notification", ["post /mails", "post /pushes"]),
    ("fraud", ["post /scores", "get /rules"]),
    ("reviews", ["get /reviews/{id}", "post /reviews"]),
    ("ledger", ["post /entries", "get /balance/{id}"]),
];

/// One service.
#[derive(Debug)]
pub(super) struct Service {
    /// Name, address and port.
    pub(super) endpoint: Endpoint,
    /// Names of its spans.
    pub(super) operations: [String; 2],
    /// The services it calls, by index; all of the next tier.
    pub(super) calls: Vec<usize>,
}

/// Draws the graph: `services` services in up to `depth` tiers, the first of which has one service, the entry.
pub(super) fn draw(rng: &mut Rng, services: usize, depth: usize, fan_out: usize) -> Vec<Service> {
    let mut graph: Vec<Service> = (0..services).map(service).collect();
    let tiers = depth.clamp(1, services);
    let tier =
        |index: usize| if index == 0 { 0 } else { (1 + (index - 1) % (tiers - 1).max(1)).min(tiers - 1) };
    for (index, service) in graph.iter_mut().enumerate() {
        let mut next: Vec<usize> = (1..services).filter(|&other| tier(other) == tier(index) + 1).collect();
        rng.shuffle(&mut next);
        next.truncate(fan_out);
        service.calls = next;
    }
    graph
}

fn service(index: usize) -> Service {
    // 10.0.x.y: one address per service, far from what a lab uses.
    let ipv4 = 0x0a00_0000 | (index as u32 + 1) & 0xffff;
    let (name, operations) = match KNOWN.get(index) {
        Some((name, operations)) => ((*name).to_owned(), operations.map(str::to_owned)),
        None => (format!("service-{index}"), [format!("get /{index}"), format!("post /{index}")]),
    };
    Service { endpoint: Endpoint { port: 8080, ..Endpoint::new(&name, ipv4) }, operations, calls: Vec::new() }
}
