//! The contract as the writers need it: services, RPCs, routes, codes, reasons and comments.

use std::error::Error;

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{
    DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, ServiceDescriptor, Value,
};

/// Everything that is in `proto/api`.
pub(crate) struct Model {
    pub(crate) services: Vec<Service>,
    pub(crate) messages: Vec<MessageDescriptor>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) version: String,
}

/// One service.
pub(crate) struct Service {
    pub(crate) package: String,
    /// `AuthService`
    pub(crate) name: String,
    /// `Auth`
    pub(crate) short: String,
    /// `auth`
    pub(crate) area: String,
    pub(crate) comment: String,
    pub(crate) rpcs: Vec<Rpc>,
}

/// One RPC and its route.
pub(crate) struct Rpc {
    /// `AuthRegister`
    pub(crate) variant: String,
    /// `Register`
    pub(crate) method: String,
    /// `register`
    pub(crate) rust_method: String,
    pub(crate) comment: String,
    pub(crate) verb: String,
    pub(crate) template: String,
    pub(crate) has_body: bool,
    /// `ALREADY_EXISTS`, by number.
    pub(crate) codes: Vec<(i32, String)>,
    pub(crate) is_public: bool,
    pub(crate) is_streaming: bool,
    pub(crate) input: MessageDescriptor,
    pub(crate) output: MessageDescriptor,
}

/// One reason and the code it has.
pub(crate) struct Reason {
    /// `EMAIL_TAKEN`
    pub(crate) name: String,
    pub(crate) code: i32,
}

impl Model {
    pub(crate) fn read(pool: &DescriptorPool) -> Result<Self, Box<dyn Error>> {
        let ours = |package: &str| package.starts_with("api.");
        let services = pool
            .services()
            .filter(|service| ours(service.package_name()))
            .map(|service| Service::read(pool, &service))
            .collect::<Result<_, _>>()?;
        let messages = pool.all_messages().filter(|message| ours(message.package_name())).collect();
        Ok(Self { services, messages, reasons: reasons(pool)?, version: std::env::var("CARGO_PKG_VERSION")? })
    }

    pub(crate) fn rpcs(&self) -> impl Iterator<Item = (&Service, &Rpc)> {
        self.services.iter().flat_map(|service| service.rpcs.iter().map(move |rpc| (service, rpc)))
    }
}

impl Service {
    fn read(pool: &DescriptorPool, service: &ServiceDescriptor) -> Result<Self, Box<dyn Error>> {
        let short = service.name().trim_end_matches("Service").to_owned();
        let rpcs =
            service.methods().map(|method| Rpc::read(pool, &short, &method)).collect::<Result<_, _>>()?;
        Ok(Self {
            package: service.package_name().to_owned(),
            name: service.name().to_owned(),
            area: short.to_snake_case(),
            short,
            comment: comment(service.parent_file_descriptor_proto(), service.path()),
            rpcs,
        })
    }
}

impl Rpc {
    fn read(pool: &DescriptorPool, service: &str, method: &MethodDescriptor) -> Result<Self, Box<dyn Error>> {
        let missing = |what: &str| format!("{} has no {what}", method.full_name());
        let options = method.options();
        let extension = |name: &str| pool.get_extension_by_name(name).ok_or_else(|| missing(name));
        let rule = options.get_extension(&extension("google.api.http")?);
        let (verb, template) = route(rule.as_message()).ok_or_else(|| missing("route"))?;
        let body = rule
            .as_message()
            .and_then(|rule| rule.get_field_by_name("body").map(|body| body.as_str() == Some("*")));
        let codes = extension("api.errors.v1.codes")?;
        let names = pool.get_enum_by_name("api.errors.v1.Code").ok_or("no Code")?;
        let codes = options
            .get_extension(&codes)
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_enum_number)
            .filter_map(|number| {
                Some((number, names.get_value(number)?.name().trim_start_matches("CODE_").to_owned()))
            })
            .collect();
        Ok(Self {
            variant: format!("{service}{}", method.name().to_upper_camel_case()),
            method: method.name().to_owned(),
            rust_method: method.name().to_snake_case(),
            comment: comment(method.parent_service().parent_file_descriptor_proto(), method.path()),
            verb,
            template,
            has_body: body.unwrap_or_default(),
            codes,
            is_public: options
                .get_extension(&extension("api.errors.v1.public")?)
                .as_bool()
                .unwrap_or_default(),
            is_streaming: method.is_server_streaming(),
            input: method.input(),
            output: method.output(),
        })
    }

    /// Names of the request's fields that stand in the path.
    pub(crate) fn path_fields(&self) -> Vec<String> {
        let segments = self.template.split('/');
        segments.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(str::to_owned).collect()
    }
}

/// The Rust name that prost gives to a message.
pub(crate) fn rust_name(message: &MessageDescriptor) -> String {
    message.name().to_upper_camel_case()
}

fn route(rule: Option<&DynamicMessage>) -> Option<(String, String)> {
    ["get", "put", "post", "delete", "patch"].iter().find_map(|verb| {
        let template = rule?.get_field_by_name(verb)?.as_str()?.to_owned();
        (!template.is_empty()).then(|| (verb.to_uppercase(), template))
    })
}

fn reasons(pool: &DescriptorPool) -> Result<Vec<Reason>, Box<dyn Error>> {
    let code = pool.get_extension_by_name("api.errors.v1.code").ok_or("no option api.errors.v1.code")?;
    let reasons = pool.get_enum_by_name("api.errors.v1.Reason").ok_or("no Reason")?;
    let reasons = reasons.values().map(|value| Reason {
        name: value.name().trim_start_matches("REASON_").to_owned(),
        code: value.options().get_extension(&code).as_enum_number().unwrap_or_default(),
    });
    Ok(reasons.collect())
}

/// The comment above a declaration, as written.
pub(crate) fn comment(file: &prost_types::FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let found = locations
        .filter(|location| location.path == path)
        .find_map(|location| location.leading_comments.clone());
    let lines = found.unwrap_or_default();
    let lines = lines.lines().map(str::trim).filter(|line| !line.starts_with("buf:lint:ignore"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
