//! Requests that are always compared.

use crate::ask::{Ask, ask, get, post};
use crate::bodies;
use crate::spans::{END, sample};

/// All of them, by subject; the spans of the first are there for the others.
pub(crate) fn all() -> Vec<(&'static str, Vec<Ask>)> {
    vec![
        ("names", names()),
        ("traces", traces()),
        ("annotations", annotations()),
        ("times", times()),
        ("trace", trace()),
        ("dependencies", dependencies()),
        ("pages", pages()),
        ("methods", methods()),
        ("origins", origins()),
        ("accepted", accepted()),
        ("encodings", encodings()),
        ("paths", paths()),
        ("bodies", bodies::all()),
        ("json texts", bodies::json_texts()),
        ("json fields", bodies::json_fields()),
        ("json parts", bodies::json_parts()),
        ("thrift", bodies::thrift()),
    ]
}

fn gets(targets: &[&str]) -> Vec<Ask> {
    targets.iter().map(|target| get(target.replace("END", &END.to_string()))).collect()
}

fn names() -> Vec<Ask> {
    gets(&[
        "/api/v1/services",
        "/api/v1/services?x=1",
        "/api/v1/spans",
        "/api/v1/spans?serviceName=",
        "/api/v1/spans?serviceName",
        "/api/v1/spans?serviceName=unknown",
        "/api/v1/spans?serviceName=web",
        "/api/v1/spans?serviceName=WEB",
        "/api/v1/spans?serviceName=%20web",
        "/api/v1/spans?serviceName=w%65b",
        "/api/v1/spans?serviceName=web&serviceName=db",
        "/api/v1/spans?serviceName=b%C3%BCro",
        "/api/v1/spans?serviceName=B%C3%9CRO",
        "/api/v1/spans?servicename=web",
        "/api/v1/spans?serviceName=undefined",
    ])
}

fn traces() -> Vec<Ask> {
    gets(&[
        "/api/v1/traces",
        "/api/v1/traces?endTs=END",
        "/api/v1/traces?endTs=END&limit=100",
        "/api/v1/traces?endTs=END&limit=1",
        "/api/v1/traces?endTs=END&limit=2",
        "/api/v1/traces?endTs=END&serviceName=web",
        "/api/v1/traces?endTs=END&serviceName=WEB",
        "/api/v1/traces?endTs=END&serviceName=",
        "/api/v1/traces?endTs=END&serviceName",
        "/api/v1/traces?endTs=END&serviceName=nobody",
        "/api/v1/traces?endTs=END&serviceName=web&serviceName=db",
        "/api/v1/traces?endTs=END&serviceName=&serviceName=db",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=all",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=ALL",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=get",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=GET",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=get&spanName=post",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=nothing",
        "/api/v1/traces?endTs=END&spanName=get",
        "/api/v1/traces?endTs=END&spanName=all",
        "/api/v1/traces?endTs=END&spanName=",
        "/api/v1/traces?endTs=END&limit=0",
        "/api/v1/traces?endTs=END&limit=-1",
        "/api/v1/traces?endTs=END&limit=x",
        "/api/v1/traces?endTs=END&limit=",
        "/api/v1/traces?endTs=END&limit=1.5",
        "/api/v1/traces?endTs=END&limit=%2B2",
        "/api/v1/traces?endTs=END&limit=+2",
        "/api/v1/traces?endTs=END&limit=%202%20",
        "/api/v1/traces?endTs=END&limit=2&limit=3",
        "/api/v1/traces?endTs=END&limit=0x2",
        "/api/v1/traces?endTs=END&limit=%232",
        "/api/v1/traces?endTs=END&limit=010",
        "/api/v1/traces?endTs=END&limit=-0x2",
        "/api/v1/traces?endTs=END&limit=2147483647",
        "/api/v1/traces?endTs=END&limit=2147483648",
        "/api/v1/traces?endTs=END&limit=99999999999999999999",
        "/api/v1/traces?endTs=END&limit=715827882",
        "/api/v1/traces?endTs=END&limit=715827883",
        "/api/v1/traces?endTs=END&limit=1431655765",
        "/api/v1/traces?endTs=END&limit=1431655766",
        "/api/v1/traces?endTs=END&sortOrder=duration-desc&x=y&serviceName=web",
        "/api/v1/traces?annotationQuery=&endTs=END&limit=10&lookback=3600000&minDuration=&serviceName=web\
         &sortOrder=duration-desc&spanName=all",
    ])
}

fn annotations() -> Vec<Ask> {
    let queries = [
        "",
        "retry",
        "RETRY",
        "nothing",
        "retry%20and%20cache%20miss",
        "retry+and+cache+miss",
        "retry%20and%20nothing",
        "cache+miss",
        "http.path=/a",
        "http.path=%2Fa",
        "http.path=/b",
        "http.path",
        "http.path=",
        "=",
        "==",
        "=/a",
        "%20and%20",
        "%20and%20%20and%20",
        "retry%20and%20",
        "%20and%20retry",
        "and",
        "retry%20AND%20cache%20miss",
        "http.path=/a%20and%20retry",
        "http.path=/a%20and%20http.path=/b",
        "http.path=/a=/b",
        "q=1=2",
        "cs",
        "sr%20and%20retry",
        "csf",
        "lc",
        "sa",
        "ca=true",
        "n=42",
        "flag=true",
        "bytes=AQI",
        "stra%C3%9Fe",
        "name=M%C3%BCller",
        "a:b",
        "%",
        "%25",
        "%zz",
        "http.path=/a&annotationQuery=retry",
    ];
    let mut asks = Vec::new();
    for query in queries {
        asks.push(get(format!("/api/v1/traces?endTs={END}&serviceName=web&annotationQuery={query}")));
    }
    asks.extend(gets(&[
        "/api/v1/traces?endTs=END&annotationQuery=retry",
        "/api/v1/traces?endTs=END&annotationQuery=http.path=/a",
        "/api/v1/traces?endTs=END&annotationQuery=",
        "/api/v1/traces?endTs=END&serviceName=db&annotationQuery=retry",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=get&annotationQuery=retry",
        "/api/v1/traces?endTs=END&serviceName=web&spanName=post&annotationQuery=retry",
        "/api/v1/traces?endTs=END&spanName=post&annotationQuery=retry",
        "/api/v1/traces?endTs=END&serviceName=web&annotationQuery=retry&limit=1",
    ]));
    asks
}

fn times() -> Vec<Ask> {
    let mut asks = Vec::new();
    let durations =
        ["", "0", "-1", "1", "100000", "99999999", "x", "1.5", "9223372036854775807", "9223372036854775808"];
    for duration in durations {
        for name in ["minDuration", "maxDuration"] {
            asks.push(get(format!("/api/v1/traces?endTs={END}&serviceName=web&{name}={duration}")));
        }
    }
    for (min, max) in
        [("1", "2"), ("2", "2"), ("3", "2"), ("0", "0"), ("", "2"), ("x", "y"), ("1", "x"), ("1", "-5")]
    {
        asks.push(get(format!("/api/v1/traces?endTs={END}&minDuration={min}&maxDuration={max}")));
    }
    let ends = [
        "",
        "0",
        "-1",
        "1",
        "x",
        "1e3",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775",
        "9223372036854776",
        "92233720368547758070",
        "4102444800000",
        "%20END%20",
    ];
    for end in ends {
        asks.push(get(format!(
            "/api/v1/traces?endTs={}&serviceName=web",
            end.replace("END", &END.to_string())
        )));
    }
    // In µs instead of ms, a little before, and a day after.
    for end in [END * 1000, END - 1, END - 60_000, END - 90_000_000, END + 86_000_000, END + 90_000_000] {
        asks.push(get(format!("/api/v1/traces?endTs={end}&serviceName=web")));
    }
    let backs = [
        "",
        "0",
        "-1",
        "1",
        "1000",
        "60000",
        "x",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
    ];
    for back in backs {
        asks.push(get(format!("/api/v1/traces?endTs={END}&lookback={back}&serviceName=web")));
        asks.push(get(format!("/api/v1/traces?endTs={END}&lookback={back}")));
    }
    asks.extend(gets(&[
        "/api/v1/traces?endTs=x&limit=y&lookback=z&minDuration=q",
        "/api/v1/traces?limit=y&minDuration=q",
        "/api/v1/traces?endTs=0&limit=0&serviceName=&minDuration=0",
        "/api/v1/traces?endTs=0&limit=0&minDuration=0",
        "/api/v1/traces?limit=0&minDuration=0&annotationQuery=cs",
        "/api/v1/traces?endTs=END&minDuration=0&annotationQuery=cs",
        "/api/v1/traces?endTs=END&minDuration=0&annotationQuery=a=",
        "/api/v1/traces?endTs=0&annotationQuery==",
        "/api/v1/traces?endTs=x&annotationQuery==",
        "/api/v1/traces?limit=y&serviceName=&annotationQuery==",
        "/api/v1/traces?endTs=END&minDuration=0&spanName=get",
        "/api/v1/traces?endTs=END&spanName=get&annotationQuery=a",
        "/api/v1/traces?endTs=0&serviceName=",
    ]));
    asks
}

fn trace() -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut ids: Vec<String> = (1..=sample::TRACES).map(|at| format!("{at:x}")).collect();
    let others = [
        "0000000000000001",
        "01",
        "00000000000000000000000000000001",
        "000000000000000000000000000000001",
        "ffffffffffffffff0000000000000001",
        "zzzzzzzzzzzzzzzz0000000000000001",
        "10000000000000001",
        "A",
        "g",
        "0x1",
        "-1",
        "1%20",
        "%31",
        "1.json",
        "1.5",
        "1;x=1",
        "1/",
        "1/2",
        "",
        "ffffffffffffffff",
        "deadbeef",
        "0",
        "%C3%BC",
        "abc%2Fdef",
    ];
    ids.extend(others.map(str::to_owned));
    for id in ids {
        for raw in ["", "?raw", "?raw=", "?raw=false"] {
            asks.push(get(format!("/api/v1/trace/{id}{raw}")));
        }
    }
    asks.extend(gets(&[
        "/api/v1/trace",
        "/api/v1/trace/1?Raw",
        "/api/v1/trace/1?x",
        "/api/v1/trace/1?raw&raw=1",
    ]));
    asks
}

fn dependencies() -> Vec<Ask> {
    gets(&[
        "/api/v1/dependencies",
        "/api/v1/dependencies?endTs=",
        "/api/v1/dependencies?endTs",
        "/api/v1/dependencies?endTs=x",
        "/api/v1/dependencies?endTs=0",
        "/api/v1/dependencies?endTs=-1",
        "/api/v1/dependencies?endTs=END",
        "/api/v1/dependencies?endTs=END&lookback=",
        "/api/v1/dependencies?endTs=END&lookback=0",
        "/api/v1/dependencies?endTs=END&lookback=-1",
        "/api/v1/dependencies?endTs=END&lookback=-86400000",
        "/api/v1/dependencies?endTs=END&lookback=x",
        "/api/v1/dependencies?endTs=END&lookback=86400000",
        "/api/v1/dependencies?endTs=END&lookback=172800000",
        "/api/v1/dependencies?endTs=END&lookback=604800000",
        "/api/v1/dependencies?lookback=86400000",
        "/api/v1/dependencies?endTs=END&endTs=1",
        "/api/v1/dependencies?endTs=1.5",
        "/api/v1/dependencies?endTs=END&lookback=1.5",
    ])
}

fn pages() -> Vec<Ask> {
    gets(&["/health", "/info", "/config.json", "/", "/index.html", "/dependency", "/traces/1"])
}

/// What the web UI passes on.
pub(crate) fn through_the_web() -> Vec<Ask> {
    let mut asks = gets(&[
        "/config.json",
        "/api/v1/services",
        "/api/v1/spans?serviceName=web",
        "/api/v1/spans",
        "/api/v1/traces?endTs=END&serviceName=web&limit=2",
        "/api/v1/traces?endTs=END&serviceName=web&annotationQuery=retry%20and%20http.path=%2Fa",
        "/api/v1/traces?limit=0",
        "/api/v1/trace/1",
        "/api/v1/trace/1?raw",
        "/api/v1/trace/ffff",
        "/api/v1/trace/x",
        "/api/v1/dependencies?endTs=END",
        "/api/v1/nothing",
        "/nothing",
    ]);
    asks.push(get("/api/v1/services").with("accept-encoding", "gzip"));
    asks.push(get("/api/v1/trace/9").with("accept-encoding", "gzip"));
    asks.push(get("/api/v1/services").with("accept", "text/html"));
    asks.push(get("/api/v1/services").with("origin", "http://example.com"));
    asks.push(ask("PUT", "/api/v1/spans"));
    asks.push(post("application/json", "x"));
    asks
}

fn methods() -> Vec<Ask> {
    let mut asks = Vec::new();
    let paths = [
        "/api/v1/services",
        "/api/v1/spans",
        "/api/v1/spans?serviceName=web",
        "/api/v1/traces",
        "/api/v1/trace/1",
        "/api/v1/trace/ffff",
        "/api/v1/dependencies",
        "/api/v1/nothing",
        "/health",
        "/info",
        "/metrics",
        "/config.json",
        "/index.html",
        "/",
        "/nothing",
        "/dependency",
    ];
    for path in paths {
        for method in ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            // What the Java machine has to tell has another length.
            if (method, path) == ("HEAD", "/metrics") {
                continue;
            }
            asks.push(ask(method, path));
        }
        if path != "/api/v1/spans" {
            asks.push(ask("POST", path));
        }
    }
    for method in ["TRACE", "BREW", "get"] {
        asks.push(ask(method, "/api/v1/services"));
    }
    asks
}

fn origins() -> Vec<Ask> {
    let mut asks = Vec::new();
    for path in ["/api/v1/services", "/health", "/config.json", "/nothing", "/api/v1/nothing"] {
        for origin in ["http://example.com", "null", "*", "https://a.b:8443", "nonsense", ""] {
            asks.push(get(path).with("origin", origin));
        }
    }
    let preflight = || ask("OPTIONS", "/api/v1/traces").with("origin", "http://example.com");
    asks.extend([
        preflight(),
        preflight().with("access-control-request-method", "GET"),
        preflight()
            .with("access-control-request-method", "GET")
            .with("access-control-request-headers", "x-a, X-B"),
        preflight().with("access-control-request-method", "GET").with("access-control-request-headers", ""),
        preflight().with("access-control-request-method", "POST"),
        preflight().with("access-control-request-method", "DELETE"),
        preflight().with("access-control-request-method", "BREW"),
        ask("OPTIONS", "/api/v1/traces").with("access-control-request-method", "GET"),
    ]);
    for path in
        ["/api/v1/spans", "/api/v1/services", "/api/v1/trace/1", "/health", "/nothing", "/api/v1/nothing"]
    {
        for method in ["GET", "POST", "PUT"] {
            asks.push(
                ask("OPTIONS", path)
                    .with("origin", "http://example.com")
                    .with("access-control-request-method", method),
            );
        }
    }
    asks.push(get("/api/v1/traces?limit=x").with("origin", "http://example.com"));
    asks.push(get("/api/v1/traces?limit=0").with("origin", "http://example.com"));
    asks.push(get("/api/v1/trace/fffff").with("origin", "http://example.com"));
    asks.push(post("application/json", "[]").with("origin", "http://example.com"));
    asks.push(post("application/json", "x").with("origin", "http://example.com"));
    asks.push(ask("HEAD", "/api/v1/traces").with("origin", "http://example.com"));
    asks.push(ask("PUT", "/api/v1/traces").with("origin", "http://example.com"));
    asks.push(get("/api/v1/services").with("origin", "http://example.com").with("accept", "text/html"));
    asks.push(get("/api/v1/traces").with("origin", "http://example.com").with("accept", "text/html"));
    asks
}

fn accepted() -> Vec<Ask> {
    let mut asks = Vec::new();
    for accept in [
        "*/*",
        "application/json",
        "text/html",
        "application/xml",
        "text/plain",
        "image/png",
        "x",
        "",
        "application/*",
        "text/html,*/*;q=0.1",
        "application/json;q=0",
        "text/*",
        "application/json;charset=UTF-8",
        "application/xml, application/json;q=0.2",
    ] {
        let paths = [
            "/api/v1/services",
            "/api/v1/traces?endTs=1",
            "/api/v1/trace/1",
            "/api/v1/trace/ffff",
            "/api/v1/traces?limit=0",
            "/api/v1/dependencies?endTs=1",
            "/health",
            "/info",
            "/config.json",
            "/nothing",
        ];
        asks.extend(paths.map(|path| get(path).with("accept", accept)));
    }
    asks.push(get("/api/v1/traces").with("accept", "application/json, text/javascript, */*; q=0.01"));
    asks
}

fn encodings() -> Vec<Ask> {
    let mut asks = Vec::new();
    for encoding in
        ["gzip", "gzip, deflate", "GZIP", "deflate", "identity", "*", "gzip;q=0", "x-gzip", "br, gzip"]
    {
        let paths = [
            "/api/v1/services",
            "/api/v1/spans?serviceName=web",
            "/api/v1/traces?endTs=1",
            "/api/v1/trace/1",
            "/api/v1/trace/ffff",
            "/api/v1/traces?limit=0",
            "/info",
            "/config.json",
            "/nothing",
        ];
        asks.extend(paths.map(|path| get(path).with("accept-encoding", encoding)));
        asks.push(get(format!("/api/v1/traces?endTs={END}&limit=100")).with("accept-encoding", encoding));
        asks.push(get(format!("/api/v1/traces?endTs={END}&limit=1")).with("accept-encoding", encoding));
    }
    asks
}

fn paths() -> Vec<Ask> {
    gets(&[
        "/x",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/services/",
        "/api/v1/services//",
        "/api/v1//services",
        "//api/v1/services",
        "/api/v1/services.json",
        "/api/v1/services.xml",
        "/api/v1/services.txt",
        "/api/v1/services;a=b",
        "/api/v1/Services",
        "/API/v1/services",
        "/api/v2/services",
        "/api/v1/services%20",
        "/api/v1/%73ervices",
        "/api/v1/./services",
        "/api/v1/../v1/services",
        "/api/v1/services/x",
        "/api/v1/spans/?serviceName=web",
        "/api/v1/traces/?endTs=1",
        "/api/v1/dependencies/?endTs=1",
        "/health/",
        "/health.json",
        "/health/x",
        "/info/",
        "/info.json",
        "/info/zipkin",
        "/api/v1/trace/1.json?raw",
        "/api/v1/trace/1.xml",
        "/api/v1/trace/ABC.5",
        "/api/v1/dependencies.json?endTs=1",
        "/api/v1/spans.foo?serviceName=web",
        "/metrics/nothing",
        "/config.json/",
        "/config",
        "/index.html/",
        "/index.htm",
        "/index",
        "/dependency/",
        "/dependency/x",
        "/traces",
        "/traces/",
        "/traces/1/",
        "/traces/1/2",
        "/zipkin",
        "/zipkin/",
        "/favicon.ico/",
        "/nothing.js",
        "/nothing.png",
        "/?lang=de",
        "/%00",
        "/%zz",
        "/a%2Fb",
        "/..",
        "/../x",
        "/a/../../x",
        "/%2e%2e/x",
        "/ü",
        "/%C3%BC",
        "/a b",
        "/a|b",
        "/a\"b",
        "/<script>",
        "/error",
        "/\\",
    ])
}
