//! Writes two bridges for each service: into this process, and through a client.

use std::fmt::Write as _;

use crate::model::{Model, Service};

pub(crate) fn write(model: &Model) -> String {
    let mut text = String::new();
    for service in &model.services {
        in_process(&mut text, service);
        remote(&mut text, service);
    }
    text
}

fn in_process(text: &mut String, service: &Service) {
    let Service { short, area, name, .. } = service;
    let _ = write!(
        text,
        "/// Calls {article} [`{name}`](crate::{area}::{area}_service_server::{name}) in this process, without a transport.\n\
         #[derive(Debug)]\n\
         pub struct {short}InProcess<S>(Arc<S>);\n\n\
         impl<S: crate::{area}::{area}_service_server::{name}> {short}InProcess<S> {{\n    \
         /// Bridges to the given implementation.\n    #[must_use]\n    \
         pub fn new(implementation: Arc<S>) -> Self {{\n        Self(implementation)\n    }}\n}}\n\n\
         #[async_trait]\n\
         impl<S: crate::{area}::{area}_service_server::{name}> Bridge for {short}InProcess<S> {{\n    \
         fn service(&self) -> Service {{\n        Service::{short}\n    }}\n\n    \
         async fn call(&self, rpc: Rpc, request: Request<Fields>) -> Result<Reply, Status> {{\n        match rpc {{\n",
        article = article(name),
    );
    for rpc in &service.rpcs {
        let kind = if rpc.is_streaming { "streaming" } else { "unary" };
        let _ = writeln!(
            text,
            "            Rpc::{} => {kind}(request, |request| self.0.{}(request)).await,",
            rpc.variant, rpc.rust_method
        );
    }
    text.push_str("            _ => Err(elsewhere()),\n        }\n    }\n}\n\n");
}

fn remote(text: &mut String, service: &Service) {
    let Service { short, area, name, .. } = service;
    let client = format!("crate::{area}::{area}_service_client::{name}Client");
    let _ = write!(
        text,
        "/// Calls {article} `{name}` through a connection.\n\
         #[derive(Debug, Clone)]\n\
         pub struct {short}Remote<C>({client}<C>);\n\n\
         impl<C: Connection> {short}Remote<C> {{\n    /// Bridges to the service at the other end.\n    #[must_use]\n    \
         pub fn new(connection: C) -> Self {{\n        Self({client}::new(connection))\n    }}\n}}\n\n\
         #[async_trait]\n\
         impl<C: Connection> Bridge for {short}Remote<C> {{\n    \
         fn service(&self) -> Service {{\n        Service::{short}\n    }}\n\n    \
         async fn call(&self, rpc: Rpc, request: Request<Fields>) -> Result<Reply, Status> {{\n        \
         let mut client = self.0.clone();\n        let request = outbound(request);\n        match rpc {{\n",
        article = article(name),
    );
    for rpc in &service.rpcs {
        let kind = if rpc.is_streaming { "streaming" } else { "unary" };
        let _ = writeln!(
            text,
            "            Rpc::{} => {kind}(request, |request| async move {{ client.{}(request).await }}).await,",
            rpc.variant, rpc.rust_method
        );
    }
    text.push_str("            _ => Err(elsewhere()),\n        }\n    }\n}\n\n");
}

fn article(name: &str) -> &'static str {
    if name.starts_with('A') { "an" } else { "a" }
}
